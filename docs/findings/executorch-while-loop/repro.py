"""Lowers a while_loop."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.exir.error import InternalError
from torch import Tensor, nn
from torch._higher_order_ops.while_loop import while_loop


class Looping(nn.Module):
    def forward(self, x: Tensor, rounds: Tensor) -> Tensor:
        return while_loop(lambda n, x: n > 0, lambda n, x: (n - 1, x * 2), (rounds.clone(), x.clone()))[1]


def main() -> str:
    exported = torch.export.export(Looping(), (torch.ones(3), torch.tensor(2)))
    try:
        to_edge_transform_and_lower(exported).to_executorch()
    except InternalError as error:
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it lowers a while_loop"


print(main())
