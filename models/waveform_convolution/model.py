"""The features of a raw waveform as in wav2vec 2.0 (https://arxiv.org/abs/2006.11477): convolutions, positions last."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm


def build() -> nn.Module:
    return Waveform()


class Waveform(nn.Module):
    """sound: (batch, 1, 4000) → features (batch, 32, 50)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(1, 24, 20, stride=10, bias=False),
            nn.GroupNorm(4, 24),
            nn.GELU(),
            nn.Conv1d(24, 32, 6, stride=4),
            nn.GroupNorm(1, 32),
            nn.GELU(),
            nn.Conv1d(32, 32, 3, stride=2, padding=1),
            nn.GELU(),
        )
        self.positions = weight_norm(nn.Conv1d(32, 32, 8, padding=4, groups=4), dim=2)

    def forward(self, sound: Tensor) -> Tensor:
        x = self.layers(sound)
        return x + torch.tanh(self.positions(x)[..., :-1])
