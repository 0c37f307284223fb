"""Finds the cells of an image whose score is above a threshold: one row each, as many as there are."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return Finder()


class Finder(nn.Module):
    """image: (batch, 3, 64, 64) → boxes (found, 3), scores (batch, 16, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 24, 3, stride=2, padding=1), nn.ReLU()
        )
        self.head = nn.Conv2d(24, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.head(self.layers(image)).squeeze(1)
        flat = scores.flatten()
        kept = (flat > 0).nonzero().squeeze(1)
        found = flat[kept]
        rows, columns = kept % 256 // 16, kept % 16
        return torch.stack([rows.to(found.dtype), columns.to(found.dtype), found], dim=1), scores
