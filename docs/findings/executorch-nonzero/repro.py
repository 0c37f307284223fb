"""Lowers nonzero of a matrix, and runs it."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import Tensor, nn


class Places(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.nonzero()


def main() -> str:
    x = torch.tensor([[0, 1, 0], [1, 0, 1]])
    exported = torch.export.export(Places(), (x,)).run_decompositions({})
    program = Runtime.get().load_program(to_edge_transform_and_lower(exported).to_executorch().buffer)
    (answer,) = program.load_method("forward").execute([x])
    if torch.equal(answer, x.nonzero()):
        return "gone: the places are right"
    return f"still there: {answer.tolist()} instead of {x.nonzero().tolist()}"


print(main())
