"""Lowers a convolution and a batch norm that stand in a top-level nn.Sequential."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from torch import nn


def main() -> str:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)).eval()
    program = torch.export.export(model, (torch.randn(1, 3, 8, 8),))
    try:
        to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    except Exception as error:
        if "is not in list" not in str(error.__cause__):
            raise
        return f"still there: {error.__cause__!r}"
    return "gone: it is lowered"


print(main())
