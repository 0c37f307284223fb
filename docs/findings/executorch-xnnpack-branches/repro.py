"""Lowers a torch.cond between two linear layers to XNNPACK; the portable kernels take it."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from torch import Tensor, nn


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.yes, self.no = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, lambda x: self.yes(x), lambda x: self.no(x), (x,))


def main() -> str:
    exported = torch.export.export(Branching().eval(), (torch.ones(1, 4),)).run_decompositions({})
    to_edge_transform_and_lower(exported).to_executorch()
    try:
        to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    except RuntimeError as error:
        if "was not decomposed or delegated" not in str(error):
            raise
        return f"still there: {str(error).split(' with op')[0]} was not decomposed or delegated"
    return "gone: XNNPACK takes a branch with a linear layer"


print(main())
