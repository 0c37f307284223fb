"""Sums the rows of two bags."""

import litert_torch
import torch


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return torch.nn.functional.embedding_bag(x, torch.ones(9, 4), mode="sum")


def main() -> str:
    inputs = (torch.tensor([[1, 2], [3, 4]]),)
    try:
        litert_torch.convert(Network().eval(), inputs, enable_x64=True)
    except RuntimeError as error:
        if "embedding_bag" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it is converted"


print(main())
