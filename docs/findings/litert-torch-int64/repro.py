"""Multiplies a number of 32 bits by 7."""

import tempfile

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 7


def main() -> str:
    x = torch.tensor([3_000_000_000])
    path = f"{tempfile.mkdtemp()}/model.tflite"
    litert_torch.convert(Network().eval(), (x,), enable_x64=True).export(path)
    answer = Interpreter(path).get_signature_runner()(args_0=x.numpy())["output_0"]
    expected = Network()(x).numpy()
    if not np.array_equal(answer, expected):
        return f"still there: PyTorch says {expected.ravel().tolist()}, the file says {answer.ravel().tolist()}"
    return "gone: the file answers as PyTorch does"


print(main())
