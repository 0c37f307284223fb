"""Converts an operator that is defined here."""

import litert_torch
import torch
from torch import Tensor


@torch.library.custom_op("deploymatrix_finding::bend", mutates_args=())
def bend(x: Tensor) -> Tensor:
    return x / (1 + x.abs())


@bend.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


class Network(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.deploymatrix_finding.bend(x)


def main() -> str:
    try:
        litert_torch.convert(Network().eval(), (torch.ones(2),))
    except RuntimeError as error:
        if "Lowering not found" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it is converted"


print(main())
