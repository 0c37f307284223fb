"""Sums values by segment with scatter_add, and counts them with one_hot."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def build() -> nn.Module:
    return Segments()


class Segments(nn.Module):
    """values: (batch, 24), segments: int64 (batch, 24) → sums, shares (batch, 6), score (batch, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(12, 3)

    def forward(self, values: Tensor, segments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        sums = torch.zeros_like(values[:, :6]).scatter_add(1, segments, values)
        shares = functional.one_hot(segments, 6).to(values.dtype).mean(1)
        return sums, shares, self.head(torch.cat([sums, shares], dim=1).tanh())
