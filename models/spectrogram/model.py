"""A sound classifier that makes its own spectrogram: torch.stft, bands, logarithm, convolutions."""

import torch
from torch import Tensor, nn

FRAME, HOP, BANDS = 128, 64, 20


def build() -> nn.Module:
    return Listener()


class Listener(nn.Module):
    """sound: (batch, 2048) → logits (batch, 10), levels (batch, 20, 33)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FRAME), persistent=False)
        self.register_buffer("bands", bands(FRAME // 2 + 1), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv1d(BANDS, 32, 3, stride=2), nn.ReLU(), nn.Conv1d(32, 32, 3, stride=2), nn.ReLU()
        )
        self.head = nn.Linear(32, 10)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        spectrum = torch.stft(sound, FRAME, HOP, window=self.window, center=True, return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        levels = (self.bands @ power + 1e-3).log()
        return self.head(self.layers(levels).mean(-1)), levels


def bands(frequencies: int) -> Tensor:
    """Triangles over the frequencies, each as high as it is narrow: (BANDS, frequencies)."""
    centres = torch.linspace(0, 1, BANDS + 2).pow(1.5) * (frequencies - 1)
    places = torch.arange(frequencies)
    rise = (places - centres[:-2, None]) / (centres[1:-1] - centres[:-2])[:, None]
    fall = (centres[2:, None] - places) / (centres[2:] - centres[1:-1])[:, None]
    return torch.minimum(rise, fall).clamp(min=0)
