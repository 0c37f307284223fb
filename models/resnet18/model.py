"""ResNet-18 with 1000 classes (He et al. 2015, https://arxiv.org/abs/1512.03385): 11.7 million parameters.

Written out, because importing an implementation (transformers) takes longer than exporting it to any format.
"""

from torch import Tensor, nn

WIDTHS = (64, 128, 256, 512)


def build() -> nn.Module:
    stem = [convolution(3, 64, kernel=7, stride=2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    stages = [stage(before, after) for before, after in zip((64, *WIDTHS), WIDTHS, strict=False)]
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def stage(before: int, after: int) -> nn.Module:
    return nn.Sequential(Block(before, after, stride=1 if before == after else 2), Block(after, after, stride=1))


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        same = before == after and stride == 1
        self.shortcut = nn.Identity() if same else convolution(before, after, kernel=1, stride=stride)
        self.first = convolution(before, after, kernel=3, stride=stride)
        self.second = convolution(after, after, kernel=3, stride=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.second(self.relu(self.first(x))) + self.shortcut(x))


def convolution(before: int, after: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(after),
    )
