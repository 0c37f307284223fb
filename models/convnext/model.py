"""ConvNeXt with two stages (Liu et al. 2022, https://arxiv.org/abs/2201.03545)."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return ConvNeXt()


class ConvNeXt(nn.Module):
    """image: (batch, 3, 64, 64) → logits (batch, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 32, 4, stride=4), ChannelNorm(32)
        self.first = nn.Sequential(Block(32), Block(32))
        self.between_norm, self.between = ChannelNorm(32), nn.Conv2d(32, 64, 2, stride=2)
        self.second = nn.Sequential(Block(64), Block(64))
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(self.stem_norm(self.stem(image)))
        x = self.second(self.between(self.between_norm(x)))
        return self.head(self.norm(x.mean((2, 3))))


class Block(nn.Module):
    """A depthwise convolution, then two linear layers with the channels last; what comes out is scaled and added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.filter(x).permute(0, 2, 3, 1))
        y = self.scale * self.down(nn.functional.gelu(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of an image that has them first."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
