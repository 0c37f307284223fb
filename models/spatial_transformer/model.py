"""A spatial transformer (Jaderberg et al. 2015, https://arxiv.org/abs/1506.02025), then a classifier."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def build() -> nn.Module:
    return Transformer()


class Transformer(nn.Module):
    """image: (batch, 1, 28, 28) → turned (batch, 1, 28, 28), logits (batch, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(1, 8, 7, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 8 * 8, 6))
        self.register_buffer("same", torch.tensor([1.0, 0, 0, 0, 1, 0]), persistent=False)
        self.classify = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 5, stride=2), nn.ReLU(), nn.Flatten()
        )
        self.head = nn.Linear(16 * 4 * 4, 10)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        angles = (self.same + 0.5 * self.look(image).tanh()).view(-1, 2, 3)
        grid = functional.affine_grid(angles, [image.shape[0], 1, 28, 28], align_corners=False)
        turned = functional.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return turned, self.head(self.classify(turned))
