"""A small detector: batch norm, SiLU, ReLU6, pooling at an odd border, resizing, and an output of two scales."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def build() -> nn.Module:
    return Detector()


class Detector(nn.Module):
    """image: (batch, 3, 17, 17) → found (batch, 6, 6), heat and edges (batch, 1, 12, 12)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2)
        self.body = nn.Conv2d(8, 8, 3, padding=1)
        self.clip = nn.ReLU6()
        self.boxes = nn.Linear(8, 4)
        self.scores = nn.Linear(8, 2)
        self.heat = nn.Conv2d(8, 1, 3)
        self.edges = nn.Conv2d(8, 1, 3)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = functional.silu(self.norm(self.stem(image)))
        x = self.clip(self.body(self.pool(x)))
        places = functional.adaptive_avg_pool2d(x, (2, 3)).flatten(2).transpose(1, 2)
        found = torch.cat([320 + 160 * self.boxes(places), self.scores(places).sigmoid()], dim=-1)
        large = functional.interpolate(x, size=(14, 14), mode="bilinear", align_corners=False)
        return found, self.heat(large), self.edges(large)
