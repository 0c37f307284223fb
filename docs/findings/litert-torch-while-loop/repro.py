"""Counts down by while_loop."""

import litert_torch
import torch
from torch._higher_order_ops.while_loop import while_loop


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return while_loop(lambda x: x.sum() > 0, lambda x: (x - 1,), (x,))[0]


def main() -> str:
    try:
        litert_torch.convert(Network().eval(), (torch.ones(2),))
    except RuntimeError as error:
        if "while_loop" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it is converted"


print(main())
