"""Quantises an identity by the default calibration on one small and fifteen large samples, then gives a large one."""

import tempfile

import litert_torch
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe


def main() -> str:
    folder = tempfile.mkdtemp()
    network = torch.nn.Linear(4, 4, bias=False)
    torch.nn.init.eye_(network.weight)
    ones = torch.ones(1, 4)
    litert_torch.convert(network.eval(), (ones,)).export(f"{folder}/float.tflite")
    made = quantizer.Quantizer(f"{folder}/float.tflite", recipe.static_wi8_ai8())
    samples = [{"args_0": ones.numpy()}] + [{"args_0": 10 * ones.numpy()}] * 15
    made.quantize(made.calibrate({"serving_default": samples})).export_model(f"{folder}/int8.tflite", overwrite=True)
    runner = Interpreter(f"{folder}/int8.tflite").get_signature_runner()
    (given,), (given_back,) = runner.get_input_details().values(), runner.get_output_details().values()
    (scale, zero), (end, start) = given["quantization"], given_back["quantization"]
    levels = torch.clamp(10 * ones / scale + zero, -128, 127).to(torch.int8)
    (answer,) = runner(args_0=levels.numpy()).values()
    largest = float(((answer.astype("float32") - start) * end).max())
    if largest < 9:
        return f"still there: 10 was seen 15 times, and is answered as {largest:.2f}"
    return f"gone: 10 is answered as {largest:.2f}"


print(main())
