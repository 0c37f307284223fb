"""Enlarges three rows by a transposed convolution with output_padding."""

import tempfile

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.larger = torch.nn.ConvTranspose2d(1, 1, (4, 1), (2, 1), (1, 0), output_padding=(1, 0), bias=False)
        torch.nn.init.ones_(self.larger.weight)

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.larger(x)


def main() -> str:
    x = torch.ones(1, 1, 3, 1)
    path = f"{tempfile.mkdtemp()}/model.tflite"
    litert_torch.convert(Network().eval(), (x,), enable_x64=True).export(path)
    answer = Interpreter(path).get_signature_runner()(args_0=x.numpy())["output_0"]
    expected = Network()(x).numpy()
    if not np.array_equal(answer, expected):
        return f"still there: PyTorch says {expected.ravel().tolist()}, the file says {answer.ravel().tolist()}"
    return "gone: the file answers as PyTorch does"


print(main())
