"""Quantises six convolutions statically, once with ranges of samples as they come, once with one sample far larger."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

FOLDER = Path(tempfile.mkdtemp())
SHAPE = (1, 16, 12, 12)


class Samples(CalibrationDataReader):
    def __init__(self, largest: float) -> None:
        random = np.random.default_rng(1)
        sizes = (largest, *[1] * 31)
        self.left = iter([{"x": (size * random.normal(size=SHAPE)).astype("float32")} for size in sizes])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


def main() -> str:
    blocks()
    plain = ratio(1, QuantType.QUInt8)
    wide, finer = ratio(20, QuantType.QUInt8), ratio(20, QuantType.QInt16)
    verdict = "still there" if wide < plain - 10 else "gone"
    said = f"{wide:.0f} dB after one sample that is 20 times as large, {finer:.0f} dB in int16"
    return f"{verdict}: {plain:.0f} dB; {said}"


def blocks() -> None:
    """Depthwise and pointwise convolutions in turn, each before a HardSwish, as MobileNetV3 has them."""
    random, nodes, weights, last = np.random.default_rng(0), [], [], "x"
    for place in range(6):
        groups, shape = ((16, (16, 1, 3, 3)), (1, (16, 16, 1, 1)))[place % 2]
        weight = random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        weights.append(numpy_helper.from_array(weight.astype("float32"), f"w{place}"))
        pads = [shape[2] // 2] * 4
        nodes.append(helper.make_node("Conv", [last, f"w{place}"], [f"c{place}"], group=groups, pads=pads))
        last = "y" if place == 5 else f"h{place}"
        nodes.append(helper.make_node("HardSwish", [f"c{place}"], [last]))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy")
    graph = helper.make_graph(nodes, "blocks", [x], [y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), FOLDER / "f.onnx")


def ratio(largest: float, activations: QuantType) -> float:
    """The ratio of signal to noise in decibel, of an input whose size is that of most samples."""
    quantize_static(
        FOLDER / "f.onnx",
        FOLDER / "q.onnx",
        Samples(largest),
        per_channel=True,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )
    x = np.random.default_rng(2).normal(size=SHAPE).astype("float32")
    exact, found = (answer(FOLDER / name, x) for name in ("f.onnx", "q.onnx"))
    return float(10 * np.log10(np.mean(exact**2) / np.mean((found - exact) ** 2)))


def answer(path: Path, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


print(main())
