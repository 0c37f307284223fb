"""Makes every mutant of a small quantised ONNX graph, and prints how far each is from it. Run where onnxruntime is."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime import InferenceSession

PIPELINES = Path(__file__).parents[2] / "pipelines"
GRAPH = """<ir_version: 9, opset_import: ["" : 18]>
g (float[4, 8] x) => (float[4, 6] y) <float[16, 8] a, float[16] b, float[6, 16] c, float[6] d> {
    first = Gemm <transB = 1> (x, a, b)
    inner = Relu (first)
    y = Gemm <transB = 1> (inner, c, d)
}"""
SHAPES = {"a": (16, 8), "b": (16,), "c": (6, 16), "d": (6,)}
SIGNATURE = {"inputs": {"x": {"name": "x"}}, "outputs": {"y": {"name": "y"}}}


def module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, PIPELINES / path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look there
    spec.loader.exec_module(loaded)
    return loaded


step, evaluate = module("onnx/from_onnx.py"), module("onnx/evaluate.py")
mutants = module("onnx/mutants/quantised_mutant.py")
generator = np.random.default_rng(0)
samples = [{"x": generator.standard_normal((4, 8)).astype("float32")} for _ in range(8)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.onnx"
        onnx.save(model(), source)
        found = {variant: of_variant(source, variant, Path(folder)) for variant in ("int8-static", "int8-dynamic")}
    print(json.dumps(found))


def model() -> onnx.ModelProto:
    made = onnx.parser.parse_model(GRAPH)
    for name, shape in SHAPES.items():
        made.graph.initializer.append(numpy_helper.from_array(generator.standard_normal(shape).astype("float32"), name))
    return made


def of_variant(source: Path, variant: str, folder: Path) -> dict[str, Any]:
    spec = SimpleNamespace(variant=variant, calibration=samples, source_signature=SIGNATURE)
    original, changed = folder / variant, folder / f"{variant}-mutant"
    original.mkdir(), changed.mkdir()
    step.export(source, spec, original, {})
    graph = original / "model.onnx"
    evaluated = [evaluate.run(evaluate.load(graph), sample) for sample in samples]
    exact, rounded = ([answer[name] for answer in evaluated] for name in ("y", "y.rounded"))
    found: dict[str, Any] = {"noise": apart(rounded, exact), "fidelity": apart(answers(graph), exact), "refused": {}}
    for kind in mutants.KINDS:
        try:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                mutants.export(graph, spec, changed, {"kind": kind, "pick": 0, "given": str(source)})
        except mutants.sites.NoSite:
            found[kind] = None
            continue
        refusals = [line.split(": ")[1] for line in said.getvalue().splitlines() if line.startswith("refused: ")]
        found["refused"].update((kind, refusal) for refusal in refusals)
        found[kind] = apart(answers(changed / "model.onnx"), answers(graph))
    return found


def answers(path: Path) -> list[np.ndarray]:
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return [session.run(["y"], sample)[0] for sample in samples]


def apart(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    """The root of the mean square of the difference, relative to that of the others."""
    one, other = np.stack(some).astype("float64"), np.stack(others).astype("float64")
    return float(np.sqrt(np.mean((one - other) ** 2) / np.mean(other**2)))


if __name__ == "__main__":
    main()
