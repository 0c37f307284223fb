"""Three linear layers with 27 million weights."""

from torch import nn


def build() -> nn.Module:
    return nn.Sequential(nn.Linear(512, 4800), nn.ReLU(), nn.Linear(4800, 4800), nn.ReLU(), nn.Linear(4800, 512))
