"""Gives the power of a short-time Fourier transform."""

import litert_torch
import torch


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return torch.stft(x, 8, 4, window=torch.ones(8), center=False, return_complex=True).abs()


def main() -> str:
    inputs = (torch.ones(1, 16),)
    try:
        litert_torch.convert(Network().eval(), inputs, enable_x64=True)
    except RuntimeError as error:
        if "complex" not in str(error):
            raise
        return f"still there: {str(error).splitlines()[0]}"
    return "gone: it is converted"


print(main())
