"""Makes variants of small ONNX models as the step does, and prints what they answer. Run where ONNX Runtime is."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx_variant_models import HEAD, MODELS, model, samples
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

PIPELINE = Path(__file__).parents[2] / "pipelines/onnx"
VARIANTS = ("fp16", "int8-dynamic", "int8-static")
PRODUCT = "g (uint8[1, 8] a, int8[8, 16] b) => (int32[1, 16] y) { y = MatMulInteger (a, b) }"
BRANCH = """
g (bool left, float[1] x) => (float[1] y) {
y = If (left) <then_branch = a () => (float[1] p) { p = Neg (z) }, else_branch = b () => (float[1] q) { q = Abs (z) }>
z = Mul (x, x) }"""
CIRCLE = "g (float[1] x) => (float[1] y) { y = Add (x, z) z = Neg (y) }"
CLIPPED = "g (float[3, 1, 4] x) => (float[3, 1, 1, 4] y) { y = LSTM <hidden_size = 4, clip = 1.0> (x, w, r) }"
Answers = list[dict[str, np.ndarray]]


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, PIPELINE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


step, evaluate = module("from_onnx"), module("evaluate")


def made(name: str, variant: str, folder: Path, calibration: int = 16, **options: Any) -> list[str]:
    """Write model.onnx of a variant into a folder; return the repairs."""
    source, graph = folder / f"{name}.onnx", model(name).graph
    onnx.save(model(name), source)
    signature = {
        side: {tensor.name: {"name": tensor.name} for tensor in tensors}
        for side, tensors in (("inputs", graph.input), ("outputs", graph.output))
    }
    spec = SimpleNamespace(variant=variant, source_signature=signature, calibration=samples(name, calibration, seed=1))
    repairs: list[str] = step.export(source, spec, folder, options)["repairs"]
    return repairs


def of_runtime(path: Path, name: str) -> Answers:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # each thread's part of a batch has a scale of its own in DynamicQuantizeLSTM
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(names, sample), strict=True)) for sample in samples(name, 4, seed=0)]


def of_graph(path: Path, name: str, word: str = "") -> Answers:
    """The answers in exact arithmetic, or those that bear a word behind their names."""
    session = evaluate.load(path)
    answers = [evaluate.run(session, sample) for sample in samples(name, 4, seed=0)]
    return [{output: answer[output + word] for output in session.dtypes} for answer in answers]


def away(answers: Answers, wanted: Answers) -> float:
    """The largest distance of an output over all samples, relative to it."""
    return max(
        rms([one[key] - other[key] for one, other in zip(answers, wanted, strict=True)]) / rms([o[key] for o in wanted])
        for key in wanted[0]
    )


def rms(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate([array.ravel() for array in arrays]).astype("float64") ** 2)))


def variant(name: str, kind: str, **options: Any) -> dict[str, Any]:
    """Make a variant; return what it answers, and of which dtypes and shapes its ends are."""
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        repairs = made(name, kind, folder, **options)
        source, path = folder / f"{name}.onnx", folder / "model.onnx"
        plain, graph, runtime = of_runtime(source, name), of_graph(path, name), of_runtime(path, name)
        before, after = onnx.load(source).graph, onnx.load(path).graph
        return {
            "repairs": repairs,
            "loss": away(graph, plain),
            "fidelity": away(runtime, graph),
            "noise": away(of_graph(path, name, evaluate.ROUNDED), graph),
            "same_ends": [*before.input, *before.output] == [*after.input, *after.output],
            "kinds": sorted({node.op_type for node in after.node}),
            "scales": len(activation_scales(after)),
        }


def activation_scales(graph: onnx.GraphProto) -> set[float]:
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {float(values[node.input[1]]) for node in graph.node if node.op_type == "QuantizeLinear"}


def saturating() -> dict[str, Any]:
    """Whether this CPU saturates, and how far a model with int8 weights is away from its graph on it."""
    product = onnx.parser.parse_model(HEAD + PRODUCT).SerializeToString()
    session = onnxruntime.InferenceSession(product, providers=["CPUExecutionProvider"])
    largest = {"a": np.full((1, 8), 255, "uint8"), "b": np.full((8, 16), 127, "int8")}
    with tempfile.TemporaryDirectory() as given:
        source, path = Path(given) / "dense.onnx", Path(given) / "model.onnx"
        onnx.save(model("dense"), source)
        quantize_dynamic(source, path, weight_type=QuantType.QInt8, per_channel=True)
        return {
            "saturates": bool(session.run(None, largest)[0][0, 0] != 8 * 255 * 127),
            "plain": away(of_runtime(path, "dense"), of_graph(path, "dense")),
        }


def unsorted() -> dict[str, Any]:
    """What ONNX says of the plain converter's order of nodes, and how far the evaluator is from the runtime there."""
    with tempfile.TemporaryDirectory() as given:
        path = Path(given) / "model.onnx"
        onnx.save(convert_float_to_float16(model("dense"), keep_io_types=True), path)
        return {
            "checker": refusal(lambda: onnx.checker.check_model(path)),
            "fidelity": away(of_runtime(path, "dense"), of_graph(path, "dense")),
            "branch": branched(),
        }


def branched() -> float:
    """What a branch comes to that takes what a later node makes: -9."""
    with tempfile.TemporaryDirectory() as given:
        path = Path(given) / "model.onnx"
        onnx.save(onnx.parser.parse_model(HEAD + BRANCH), path)
        answer = evaluate.run(evaluate.load(path), {"left": np.array(True), "x": np.array([3], "float32")})
        return float(answer["y"][0])


def refusals() -> dict[str, str]:
    """What is refused, and how."""
    with tempfile.TemporaryDirectory() as given:
        folder, clipped = Path(given), onnx.parser.parse_model(HEAD + CLIPPED)
        for name in ("w", "r"):
            clipped.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((1, 16, 4), "float32"), name))
        onnx.save(clipped, folder / "clipped.onnx")
        session = evaluate.load(folder / "clipped.onnx")
        return {
            "variant": refusal(lambda: made("dense", "int8-weights", folder)),
            "calibration": refusal(lambda: made("dense", "int8-static", folder, calibration=0)),
            "circle": refusal(lambda: evaluate.sorting.sort(onnx.parser.parse_model(HEAD + CIRCLE).graph)),
            "clip": refusal(lambda: evaluate.run(session, {"x": np.ones((3, 1, 4), "float32")})),
        }


def refusal(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    found: dict[str, Any] = {f"{name}/{kind}": variant(name, kind) for name in MODELS for kind in VARIANTS}
    everything = ["MatMul", "Softmax", "Where", "Transpose"]
    found["masked_attention/all"] = variant("masked_attention", "int8-static", operators=everything)
    print(json.dumps({"made": found, "saturation": saturating(), "unsorted": unsorted(), "refused": refusals()}))


if __name__ == "__main__":
    main()
