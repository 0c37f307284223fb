"""Takes one of two branches."""

import litert_torch
import torch


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))


def main() -> str:
    inputs = (torch.ones(2),)
    try:
        litert_torch.convert(Network().eval(), inputs, enable_x64=True)
    except RuntimeError as error:
        if "cond" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it is converted"


print(main())
