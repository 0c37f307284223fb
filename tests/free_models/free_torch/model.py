"""A convolution along time, self-attention and pooling over time: batch and time are free."""

import torch
from torch import Tensor, nn

WIDTH, HEADS = 16, 2


def build() -> nn.Module:
    return Tagger()


class Tagger(nn.Module):
    """x: float32 (batch, time, 8) → tags (batch, time, 4), pooled (batch, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv1d(8, WIDTH, 3, padding=1)
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        near = torch.relu(self.near(x.transpose(1, 2))).transpose(1, 2)
        query, key, value = (heads(project(near)) for project in (self.query, self.key, self.value))
        weights = (query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5).softmax(-1)
        mixed = self.norm(near + (weights @ value).transpose(1, 2).flatten(2))
        return self.head(mixed), mixed.mean(dim=1)


def heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
