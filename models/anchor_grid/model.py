"""A one-stage detector whose answer is decoded in the graph: two grids of three anchors, as YOLO gives them."""

import torch
from torch import Tensor, nn

ANCHORS = (((8.0, 8.0), (12.0, 6.0), (6.0, 12.0)), ((24.0, 24.0), (32.0, 16.0), (16.0, 32.0)))  # pixels
STRIDES = (8, 16)
SIDE, CLASSES = 64, 4


def build() -> nn.Module:
    return Detector()


class Detector(nn.Module):
    """image: (batch, 3, 64, 64) → found (batch, 240, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(down(3, 16), down(16, 24), down(24, 32))
        self.coarse = down(32, 48)
        self.lateral = nn.Conv2d(48, 32, 1)
        self.heads = nn.ModuleList(nn.Conv2d(width, 3 * (4 + CLASSES), 1) for width in (32, 48))
        for level, stride in enumerate(STRIDES):
            self.register_buffer(f"corners{level}", corners(SIDE // stride), persistent=False)
            self.register_buffer(f"sizes{level}", torch.tensor(ANCHORS[level]).view(1, 3, 1, 1, 2), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        fine = self.fine(image)
        coarse = self.coarse(fine)
        fine = fine + nn.functional.interpolate(self.lateral(coarse), scale_factor=2.0, mode="nearest")
        found = [
            self.decoded(head(x), stride, getattr(self, f"corners{level}"), getattr(self, f"sizes{level}"))
            for level, (head, x, stride) in enumerate(zip(self.heads, (fine, coarse), STRIDES, strict=True))
        ]
        return torch.cat(found, dim=1)

    def decoded(self, raw: Tensor, stride: int, places: Tensor, sizes: Tensor) -> Tensor:
        raw = raw.unflatten(1, (3, 4 + CLASSES)).permute(0, 1, 3, 4, 2)
        offset, size, scores = raw.sigmoid().split((2, 2, CLASSES), dim=-1)
        return torch.cat([(2 * offset - 0.5 + places) * stride, (2 * size) ** 2 * sizes, scores], dim=-1).flatten(1, 3)


def corners(side: int) -> Tensor:
    """The cells' upper left corners, in cells: (1, 1, side, side, 2), x before y."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([columns, rows], dim=-1).view(1, 1, side, side, 2).float()


def down(before: int, after: int) -> nn.Module:
    layer = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.LeakyReLU(0.1))
