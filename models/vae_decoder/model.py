"""The decoder of a variational autoencoder: 16 numbers become an image."""

from torch import nn


def build() -> nn.Module:
    return nn.Sequential(
        nn.Linear(16, 64 * 4 * 4),
        nn.Unflatten(1, (64, 4, 4)),
        *larger(64, 48),
        *larger(48, 32),
        *larger(32, 16),
        nn.Conv2d(16, 3, 3, padding=1),
        nn.Sigmoid(),
    )


def larger(before: int, after: int) -> list[nn.Module]:
    """Layers that make an image twice as high and wide."""
    up = nn.Upsample(scale_factor=2, mode="nearest")
    return [up, nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(8, after), nn.ELU()]
