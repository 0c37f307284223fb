"""A U-Net of the library MONAI, which segments medical images: instance norm, transposed convolutions, skips."""

from __future__ import annotations

from monai.networks.nets import BasicUNet
from torch import nn


def build() -> nn.Module:
    return BasicUNet(spatial_dims=2, in_channels=1, out_channels=3, features=(8, 8, 16, 16, 16, 8), upsample="deconv")
