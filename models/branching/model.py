"""One of two networks answers, by the sign of the input's sum: control flow that depends on the data."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return Branching()


class Branching(nn.Module):
    """x: (1, 16) → y (1, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.positive = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 8))
        self.negative = nn.Sequential(nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        def when_positive(x: Tensor) -> Tensor:
            return self.positive(x)

        def when_negative(x: Tensor) -> Tensor:
            return self.negative(x)

        return torch.cond(x.sum() > 0, when_positive, when_negative, (x,))
