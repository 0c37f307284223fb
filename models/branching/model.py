"""One of two networks answers, by the sign of the input's sum: control flow that depends on the data."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return Branching()


class Branching(nn.Module):
    """x: (batch, 16) → y (batch, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(16, 16)
        self.positive = nn.Linear(16, 8)
        self.negative = nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return torch.cond(x.sum() > 0, self.when_positive, self.when_negative, (x,))

    def when_positive(self, x: Tensor) -> Tensor:
        return self.positive(x).tanh()

    def when_negative(self, x: Tensor) -> Tensor:
        return self.negative(x).sigmoid() - 2
