"""Lowers a clone to channels_last of a tensor with one channel, and runs it."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn


class Model(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.clone(memory_format=torch.channels_last)


def main() -> str:
    x = torch.randn(2, 1, 3, 3)
    program = to_edge_transform_and_lower(torch.export.export(Model().eval(), (x,))).to_executorch()
    method = Runtime.get().load_program(program.buffer).load_method("forward")
    try:
        (answer,) = method.execute([x])
    except RuntimeError as error:
        if "0x12" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it runs" if torch.equal(answer, x) else "still there: it runs, and answers wrongly"


print(main())
