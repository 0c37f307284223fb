"""A streaming detector: a gated recurrent unit over frames, one a step, with its state as input and output."""

from __future__ import annotations

import torch
from torch import nn


class Stream(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(8, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, frame: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        state = self.cell(frame, state)
        return self.head(state), state


def build() -> nn.Module:
    return Stream()
