"""A U-Net with three levels (Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597)."""

import torch
from torch import Tensor, nn


def build() -> nn.Module:
    return UNet()


class UNet(nn.Module):
    """image: (batch, 3, 64, 64) → classes (batch, 5, 64, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.middle, self.bottom = twice(3, 16), twice(16, 32), twice(32, 48)
        self.pool = nn.MaxPool2d(2)
        self.to_middle, self.to_top = (
            nn.ConvTranspose2d(48, 32, 2, stride=2),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
        )
        self.middle_up, self.top_up = twice(64, 32), twice(32, 16)
        self.head = nn.Conv2d(16, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        top = self.top(image)
        middle = self.middle(self.pool(top))
        x = self.to_middle(self.bottom(self.pool(middle)))
        x = self.to_top(self.middle_up(torch.cat([middle, x], dim=1)))
        return self.head(self.top_up(torch.cat([top, x], dim=1)))


def twice(before: int, after: int) -> nn.Module:
    layers = []
    for width in (before, after):
        layers += [nn.Conv2d(width, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)
