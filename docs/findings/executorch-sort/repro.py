"""Lowers a sort, and loads it."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import Tensor, nn


class Sorted(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sort(dim=1).values


def main() -> str:
    exported = torch.export.export(Sorted(), (torch.rand(2, 5),)).run_decompositions({})
    program = Runtime.get().load_program(to_edge_transform_and_lower(exported).to_executorch().buffer)
    try:
        program.load_method("forward")
    except RuntimeError as error:
        return f"still there: {error}"
    return "gone: the runtime sorts"


print(main())
