"""Squeeze and excitation within inverted residuals, as in EfficientNet (https://arxiv.org/abs/1905.11946)."""

from torch import Tensor, nn


def build() -> nn.Module:
    stem = [nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.SiLU()]
    blocks = [Block(16, 24, kernel=3), Block(24, 32, kernel=5), Block(32, 48, kernel=5)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 10))


class Block(nn.Module):
    """image features: (batch, before, height, width) → (batch, after, height / 2, width / 2)."""

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()
        wide = 4 * before
        self.widen = nn.Sequential(nn.Conv2d(before, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
        self.filter = nn.Sequential(
            nn.Conv2d(wide, wide, kernel, stride=2, padding=kernel // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(),
        )
        self.squeeze, self.excite = nn.Conv2d(wide, before, 1), nn.Conv2d(before, wide, 1)
        self.narrow = nn.Sequential(nn.Conv2d(wide, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        x = self.filter(self.widen(x))
        gate = self.excite(nn.functional.silu(self.squeeze(x.mean((2, 3), keepdim=True)))).sigmoid()
        return self.narrow(x * gate)
