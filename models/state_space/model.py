"""A selective state space layer as in Mamba (Gu and Dao 2023, https://arxiv.org/abs/2312.00752), step by step."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, STATE = 32, 8


def build() -> nn.Module:
    return StateSpace()


class StateSpace(nn.Module):
    """series: (batch, 24, 8) → forecast (batch, 24, 4), state (batch, 32, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.gate, self.head = nn.Linear(8, WIDTH), nn.Linear(8, WIDTH), nn.Linear(WIDTH, 4)
        self.filter = nn.Conv1d(WIDTH, WIDTH, 4, groups=WIDTH)
        self.step, self.write, self.read = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, STATE), nn.Linear(WIDTH, STATE)
        self.decay = nn.Parameter(torch.arange(1.0, STATE + 1).log().repeat(WIDTH, 1))

    def forward(self, series: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.pad(self.enter(series).transpose(1, 2), (3, 0))
        x = functional.silu(self.filter(x).transpose(1, 2))
        step, write, read = functional.softplus(self.step(x)), self.write(x), self.read(x)
        kept = (-self.decay.exp() * step.unsqueeze(-1)).exp()
        added = (step * x).unsqueeze(-1) * write.unsqueeze(2)
        state, seen = torch.zeros_like(added[:, 0]), []
        for time in range(series.shape[1]):
            state = kept[:, time] * state + added[:, time]
            seen.append((state * read[:, time].unsqueeze(1)).sum(-1))
        return self.head(torch.stack(seen, dim=1) * functional.silu(self.gate(series))), state
