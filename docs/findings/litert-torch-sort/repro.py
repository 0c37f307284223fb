"""Sorts four numbers."""

import tempfile

import litert_torch
import torch
from ai_edge_litert.interpreter import Interpreter


class Network(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sort().values


def main() -> str:
    x = torch.tensor([3.0, 1.0, 2.0, 0.0])
    path = f"{tempfile.mkdtemp()}/model.tflite"
    litert_torch.convert(Network().eval(), (x,), enable_x64=True).export(path)
    try:
        Interpreter(path).get_signature_runner()(args_0=x.numpy())
    except (RuntimeError, ValueError) as error:
        if "STABLEHLO_SORT" not in str(error):
            raise
        return f"still there: {str(error).split('. ')[0].splitlines()[0]}"
    return "gone: the file runs"


print(main())
