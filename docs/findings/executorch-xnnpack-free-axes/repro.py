"""Lowers a convolution along a free time axis, with a free batch, to XNNPACK; the portable kernels take it."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torch.export import Dim


class Near(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(8, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # batch, time, 8
        return self.conv(x.transpose(1, 2)).transpose(1, 2)


def main() -> str:
    model, free = Near().eval(), {0: Dim("batch", min=1, max=3), 1: Dim("time", min=1, max=128)}
    exported = torch.export.export(model, (torch.zeros(3, 7, 8),), dynamic_shapes=(free,)).run_decompositions({})
    x = torch.randn(1, 32, 8)
    error = (run(exported, [], x) - model(x)).abs().max().item()
    assert error < 1e-5, f"the portable kernels are off by {error:.1e}"
    try:
        run(exported, [XnnpackPartitioner()], x)
    except RuntimeError as refused:
        return f"still there: {str(refused).splitlines()[0][:70]}"
    return "gone: XNNPACK takes two free axes"


def run(exported: torch.export.ExportedProgram, partitioner: list[XnnpackPartitioner], x: torch.Tensor) -> torch.Tensor:
    program = to_edge_transform_and_lower(exported, partitioner=partitioner).to_executorch()
    return Runtime.get().load_program(program.buffer).load_method("forward").execute([x])[0]


print(main())
