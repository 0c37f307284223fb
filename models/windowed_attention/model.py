"""A Swin transformer with one stage of two blocks, plain and shifted (Liu et al. 2021, https://arxiv.org/abs/2103.14030)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, SIDE, WINDOW = 32, 4, 16, 4  # 16 x 16 patches of 4 x 4 pixels, in windows of 4 x 4 patches
SHIFT = WINDOW // 2


def build() -> nn.Module:
    return Swin()


class Swin(nn.Module):
    """image: (batch, 3, 64, 64) → logits (batch, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.patch_norm = nn.Conv2d(3, WIDTH, 4, stride=4), nn.LayerNorm(WIDTH)
        self.plain, self.shifted = Block(shift=0), Block(shift=SHIFT)
        self.merge_norm, self.merge = nn.LayerNorm(4 * WIDTH), nn.Linear(4 * WIDTH, 2 * WIDTH, bias=False)
        self.norm, self.head = nn.LayerNorm(2 * WIDTH), nn.Linear(2 * WIDTH, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patch_norm(self.patches(image).permute(0, 2, 3, 1))
        x = self.shifted(self.plain(x))
        quarters = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        x = self.merge(self.merge_norm(torch.cat(quarters, dim=-1)))
        return self.head(self.norm(x).mean((1, 2)))


class Block(nn.Module):
    """Attention within windows, over (batch, 16, 16, width), shifted by half a window where `shift` is not 0."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift
        self.attention_norm, self.forward_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query_key_value, self.mixed = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.bias = nn.Parameter(torch.randn((2 * WINDOW - 1) ** 2, HEADS))
        self.register_buffer("places", places(), persistent=False)
        self.register_buffer("apart", apart() if shift else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.attention_norm(x)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), dims=(1, 2))
        y = together(self.attend(windows(y)))
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), dims=(1, 2))
        x = x + y
        return x + self.down(functional.gelu(self.up(self.forward_norm(x))))

    def attend(self, x: Tensor) -> Tensor:
        """x: (batch, window, patch, width)."""
        heads = self.query_key_value(x).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(3, 0, 1, 4, 2, 5)
        query, key, value = heads[0], heads[1], heads[2]
        scores = query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
        scores = scores + self.bias[self.places].permute(2, 0, 1)
        if self.apart is not None:
            scores = scores.masked_fill(self.apart[:, None], float("-inf"))
        return self.mixed((scores.softmax(-1) @ value).transpose(2, 3).flatten(3))


def windows(x: Tensor) -> Tensor:
    """(batch, 16, 16, width) → (batch, window, patch, width)."""
    x = x.reshape(x.shape[0], SIDE // WINDOW, WINDOW, SIDE // WINDOW, WINDOW, x.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)


def together(x: Tensor) -> Tensor:
    """(batch, window, patch, width) → (batch, 16, 16, width)."""
    x = x.reshape(x.shape[0], SIDE // WINDOW, SIDE // WINDOW, WINDOW, WINDOW, x.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).reshape(x.shape[0], SIDE, SIDE, x.shape[-1])


def places() -> Tensor:
    """For each pair of patches in a window, the row of the bias that belongs to their distance."""
    rows, columns = torch.meshgrid(torch.arange(WINDOW), torch.arange(WINDOW), indexing="ij")
    patches = torch.stack([rows.flatten(), columns.flatten()], dim=-1)
    distance = patches[:, None] - patches[None] + WINDOW - 1
    return distance[..., 0] * (2 * WINDOW - 1) + distance[..., 1]


def apart() -> Tensor:
    """For each shifted window, which pairs of patches are neighbours only because the image was rolled."""
    region = torch.zeros(1, SIDE, SIDE, 1)
    parts = (slice(0, SIDE - WINDOW), slice(SIDE - WINDOW, SIDE - SHIFT), slice(SIDE - SHIFT, SIDE))
    for number, (row, column) in enumerate((row, column) for row in parts for column in parts):
        region[:, row, column] = number
    numbers = windows(region)[0, :, :, 0]
    return numbers[:, :, None] != numbers[:, None]
