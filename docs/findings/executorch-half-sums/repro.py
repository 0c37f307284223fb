"""Adds up 4096 ones in float16 by a linear layer on the portable kernels, and by one on XNNPACK."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn


def main() -> str:
    layer = nn.Linear(4096, 1).half().requires_grad_(False)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)  # without one, the portable kernel is another, which adds up in float32
    x = torch.ones(1, 4096, dtype=torch.float16)
    found = {}
    for name, partitioner in (("the portable kernel", []), ("XNNPACK", [XnnpackPartitioner()])):
        exported = torch.export.export(layer, (x,))
        program = to_edge_transform_and_lower(exported, partitioner=partitioner).to_executorch()
        (answer,) = Runtime.get().load_program(program.buffer).load_method("forward").execute([x])
        found[name] = float(answer)
    told = ", ".join(f"{name} counts {total:.0f}" for name, total in found.items())
    right = set(found.values()) == {float(layer(x))}
    return f"{'gone' if right else 'still there'}: of 4096 ones {told}"


print(main())
