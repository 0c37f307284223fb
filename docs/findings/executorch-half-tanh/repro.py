"""Asks XNNPACK for tanh and sigmoid of every number of float16, and how far off they are in units in the last place."""

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn

FUNCTIONS = {"tanh": (torch.tanh, nn.Tanh()), "sigmoid": (torch.sigmoid, nn.Sigmoid())}


def main() -> str:
    bits = torch.arange(-(2**15), 2**15).to(torch.int16)
    x = bits.view(torch.float16)
    x = x[(x.abs() > 1e-3) & (x.abs() < 5)]
    most = {}
    for name, (function, module) in FUNCTIONS.items():
        exported = torch.export.export(module, (x,))
        program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
        (answer,) = Runtime.get().load_program(program.buffer).load_method("forward").execute([x])
        exact = function(x.double())
        unit = torch.exp2(torch.floor(torch.log2(exact.abs())) - 10)
        most[name] = float(((answer.double() - exact) / unit).abs().max())
        if name == "tanh":
            largest = float(answer.max())
    told = ", ".join(f"{name} is up to {off:.1f} units off" for name, off in most.items())
    told = f"{told}; the largest tanh is {largest:.4f}"
    return f"gone: {told}" if max(most.values()) < 1 else f"still there: {told}"


print(main())
