"""Inverted residuals with ReLU6, a small MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381)."""

from torch import Tensor, nn

BLOCKS = ((16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 32, 2), (32, 32, 1))  # before, after, stride


def build() -> nn.Module:
    blocks = [Block(before, after, stride) for before, after, stride in BLOCKS]
    head = [*convolution(32, 64, kernel=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*convolution(3, 16, stride=2), *blocks, *head)


class Block(nn.Module):
    """Widen, filter each channel alone, narrow without an activation; a shortcut where the shape stays."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        wide = 4 * before
        self.shortcut = before == after and stride == 1
        self.layers = nn.Sequential(
            *convolution(before, wide, kernel=1),
            *convolution(wide, wide, stride=stride, groups=wide),
            nn.Conv2d(wide, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.shortcut else self.layers(x)


def convolution(before: int, after: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    layer = nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(after), nn.ReLU6()]
