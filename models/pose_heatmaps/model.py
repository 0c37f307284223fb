"""Joints of a body as heatmaps, and as their expected places (Sun et al. 2018, https://arxiv.org/abs/1711.08229)."""

import torch
from torch import Tensor, nn

SIDE = 16


def build() -> nn.Module:
    return Pose()


class Pose(nn.Module):
    """image: (batch, 3, 64, 64) → heatmaps (batch, 7, 16, 16), joints (batch, 7, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.Hardswish(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.Hardswish(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.Hardswish(),
            nn.ConvTranspose2d(32, 24, 3, stride=2, padding=1, output_padding=1),
            nn.Hardswish(),
        )
        self.head = nn.Conv2d(24, 7, 1)
        self.register_buffer("places", (torch.arange(SIDE) + 0.5) * 4, persistent=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        heatmaps = self.head(self.layers(image))
        shares = (2 * heatmaps.flatten(2)).softmax(-1).unflatten(-1, (SIDE, SIDE))
        x = torch.einsum("bjyx,x->bj", shares, self.places)
        y = torch.einsum("bjyx,y->bj", shares, self.places)
        return heatmaps, torch.stack([x, y], dim=-1)
