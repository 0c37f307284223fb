"""Exports an operator that is defined here, in Python, to ONNX."""

import torch
from torch import Tensor, nn


@torch.library.custom_op("deploymatrix_finding::bend", mutates_args=())
def bend(x: Tensor) -> Tensor:
    return x / (1 + x.abs())


@bend.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


class Bending(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return bend(x)


def main() -> str:
    try:
        torch.onnx.export(Bending().eval(), (torch.ones(3),), dynamo=True, verbose=False)
    except Exception as error:
        if "No ONNX function found" not in str(error):
            raise
        return "still there: No ONNX function found for deploymatrix_finding.bend"
    return "gone: an operator in Python is exported"


print(main())
