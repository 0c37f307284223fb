"""Turns a state as often as an input says, by torch's while_loop."""

import torch
from torch import Tensor, nn
from torch._higher_order_ops.while_loop import while_loop


def build() -> nn.Module:
    return Looping()


class Looping(nn.Module):
    """x: (batch, 16), rounds: int64 () → y (batch, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = nn.Linear(16, 16)

    def forward(self, x: Tensor, rounds: Tensor) -> Tensor:
        def goes_on(count: Tensor, state: Tensor) -> Tensor:
            return count > 0

        def turned(count: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            return count - 1, torch.tanh(self.turn(state)) + x

        return while_loop(goes_on, turned, (rounds.clone(), x.clone()))[1]
