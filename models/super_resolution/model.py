"""Super-resolution by sub-pixel convolution (Shi et al. 2016, https://arxiv.org/abs/1609.05158) and resizing."""

from torch import Tensor, nn
from torch.nn.functional import interpolate


def build() -> nn.Module:
    return Enlarger()


class Enlarger(nn.Module):
    """image: (batch, 3, 24, 24) → larger (…, 48, 48), largest (…, 96, 96), nearest (…, 60, 60)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 24, 5, padding=2), nn.PReLU(24), nn.Conv2d(24, 24, 3, padding=1), nn.PReLU(24)
        )
        self.details, self.shuffle = nn.Conv2d(24, 12, 3, padding=1), nn.PixelShuffle(2)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        plain = interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)
        larger = plain + self.shuffle(self.details(self.layers(image)))
        largest = interpolate(larger, size=(96, 96), mode="bicubic", align_corners=False)
        return larger, largest, interpolate(image, size=(60, 60), mode="nearest")
