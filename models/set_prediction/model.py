"""Set prediction as in DETR (Carion et al. 2020, https://arxiv.org/abs/2005.12872), small."""

import torch
from torch import Tensor, nn

WIDTH, QUERIES, CLASSES = 32, 10, 5


def build() -> nn.Module:
    return Detr()


class Detr(nn.Module):
    """image: (batch, 3, 64, 64) → logits (batch, 10, 6), boxes (batch, 10, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(down(3, 16), down(16, 24), down(24, WIDTH))
        self.places = nn.Parameter(torch.randn(1, 64, WIDTH) / 4)
        self.queries = nn.Parameter(torch.randn(1, QUERIES, WIDTH))
        taken = {"nhead": 4, "dim_feedforward": 64, "dropout": 0.0, "batch_first": True}
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, **taken), 1, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, **taken), 2)
        self.classes = nn.Linear(WIDTH, CLASSES + 1)
        self.boxes = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 4))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        seen = self.encoder(self.backbone(image).flatten(2).transpose(1, 2) + self.places)
        found = self.decoder(self.queries.expand(image.shape[0], -1, -1), seen)
        return {"logits": self.classes(found), "boxes": self.boxes(found).sigmoid()}


def down(before: int, after: int) -> nn.Module:
    layer = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU())
