"""A Fourier neural operator with two layers (Li et al. 2020, https://arxiv.org/abs/2010.08895)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, MODES = 12, 4


def build() -> nn.Module:
    return Operator()


class Operator(nn.Module):
    """field: (batch, 3, 16, 16) → later (batch, 1, 16, 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.head = nn.Conv2d(3, WIDTH, 1), nn.Conv2d(WIDTH, 1, 1)
        self.layers = nn.Sequential(Layer(), Layer())

    def forward(self, field: Tensor) -> Tensor:
        return self.head(self.layers(self.enter(field)))


class Layer(nn.Module):
    """Mixes the channels of each low frequency; what is held as two real numbers is one complex one."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.Parameter(torch.randn(WIDTH, WIDTH, MODES, MODES, 2) / WIDTH**0.5)
        self.beside = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        low = torch.fft.rfft2(x, norm="ortho")[:, :, :MODES, :MODES]
        mixed = torch.einsum("bihw,iohw->bohw", low, torch.view_as_complex(self.mixing))
        padded = functional.pad(torch.view_as_real(mixed), (0, 0, 0, 9 - MODES, 0, 16 - MODES))
        return functional.gelu(
            torch.fft.irfft2(torch.view_as_complex(padded), s=(16, 16), norm="ortho") + self.beside(x)
        )
