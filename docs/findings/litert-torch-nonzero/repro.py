"""Finds the positive numbers."""

import litert_torch
import torch


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return (x > 0).nonzero()


def main() -> str:
    inputs = (torch.ones(4),)
    try:
        litert_torch.convert(Network().eval(), inputs, enable_x64=True)
    except Exception as error:
        if "nonzero" not in str(error):
            raise
        return f"still there: {type(error).__name__}"
    return "gone: it is converted"


print(main())
