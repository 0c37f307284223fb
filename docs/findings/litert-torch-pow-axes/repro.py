"""Squares a tensor of five axes."""

import litert_torch
import torch


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return x**2


def main() -> str:
    inputs = (torch.ones(1, 2, 1, 2, 5),)
    try:
        litert_torch.convert(Network().eval(), inputs, enable_x64=True)
    except ValueError as error:
        if "tfl.pow" not in str(error):
            raise
        return f"still there: {str(error).split(': error: ')[1].split(':')[0]}"
    return "gone: it is converted"


print(main())
