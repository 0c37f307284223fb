"""Lowers a GELU with the tanh approximation to XNNPACK, and holds its answers against both forms in float64."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn


def main() -> str:
    x = torch.linspace(-4, 4, 1001).reshape(1, -1)
    exported = torch.export.export(nn.GELU(approximate="tanh").eval(), (x,))
    program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
    (answer,) = Runtime.get().load_program(program.buffer).load_method("forward").execute([x])
    wanted, exact = (distance(answer, x, form) for form in ("tanh", "none"))
    told = f"{wanted:.1e} from the tanh form, {exact:.1e} from the exact one"
    return f"gone: {told}" if wanted < 1e-6 else f"still there: {told}"


def distance(answer: torch.Tensor, x: torch.Tensor, form: str) -> float:
    return (answer.double() - nn.functional.gelu(x.double(), approximate=form)).abs().max().item()


print(main())
