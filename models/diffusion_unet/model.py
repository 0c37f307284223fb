"""A small denoising U-Net (Ho et al. 2020, https://arxiv.org/abs/2006.11239) of a latent diffusion model."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, TIME = 32, 32


def build() -> nn.Module:
    return Denoiser()


class Denoiser(nn.Module):
    """noisy: (batch, 4, 16, 16), timestep: int64 (batch) → noise (batch, 4, 16, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(TIME, 64), nn.SiLU(), nn.Linear(64, 64))
        self.register_buffer("speeds", (-math.log(1e4) * torch.arange(TIME // 2) / (TIME // 2)).exp(), persistent=False)
        self.enter, self.top = nn.Conv2d(4, WIDTH, 3, padding=1), Block(WIDTH, WIDTH)
        self.down, self.bottom = nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1), Block(WIDTH, 2 * WIDTH)
        self.attention = Attention(2 * WIDTH)
        self.up, self.last = nn.Conv2d(2 * WIDTH, WIDTH, 3, padding=1), Block(2 * WIDTH, WIDTH)
        self.norm, self.head = nn.GroupNorm(8, WIDTH), nn.Conv2d(WIDTH, 4, 3, padding=1)

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        angles = timestep.unsqueeze(1) * self.speeds
        time = self.time(torch.cat([angles.sin(), angles.cos()], dim=1))
        top = self.top(self.enter(noisy), time)
        x = self.attention(self.bottom(self.down(top), time))
        x = self.up(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        x = self.last(torch.cat([top, x], dim=1), time)
        return self.head(functional.silu(self.norm(x)))


class Block(nn.Module):
    """Two convolutions beside a shortcut; between them the time is added to every pixel."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first_norm, self.first = nn.GroupNorm(8, before), nn.Conv2d(before, after, 3, padding=1)
        self.time = nn.Linear(64, after)
        self.second_norm, self.second = nn.GroupNorm(8, after), nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        y = self.first(functional.silu(self.first_norm(x)))
        y = y + self.time(functional.silu(time))[:, :, None, None]
        return self.shortcut(x) + self.second(functional.silu(self.second_norm(y)))


class Attention(nn.Module):
    """Of each pixel to all pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.query_key_value = nn.GroupNorm(8, width), nn.Conv1d(width, 3 * width, 1)
        self.mixed = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.query_key_value(self.norm(x).flatten(2)).chunk(3, dim=1)
        weights = (query.transpose(1, 2) @ key / query.shape[1] ** 0.5).softmax(-1)
        return x + self.mixed(value @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
