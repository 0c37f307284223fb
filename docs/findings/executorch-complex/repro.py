"""Lowers a Fourier transform there and back."""

import torch
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import Tensor, nn


class Waves(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.irfft2(torch.fft.rfft2(x) * 2, s=(4, 4))


def main() -> str:
    exported = torch.export.export(Waves(), (torch.rand(4, 4),)).run_decompositions({})
    try:
        program = Runtime.get().load_program(to_edge_transform_and_lower(exported).to_executorch().buffer)
        program.load_method("forward")
    except Exception as error:
        return f"still there: {type(error).__name__}: {str(error).strip().splitlines()[0][:80]}"
    return "gone: the runtime takes complex numbers"


print(main())
