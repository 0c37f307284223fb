"""Evaluates .tflite files given as arguments in exact arithmetic, and by the reference kernels; prints JSON.

For each file: how far the runtime's kernels, and the reference kernels, are away from the graph (rms over rms).
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

EVALUATE = Path(__file__).parents[2] / "pipelines/litert/evaluate.py"


def main(paths: list[str]) -> None:
    spec = importlib.util.spec_from_file_location("evaluate", EVALUATE)
    assert spec is not None and spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    print(json.dumps({Path(path).stem: distances(evaluate, Path(path)) for path in paths}))


def distances(evaluate: Any, path: Path) -> dict[str, float]:
    runners = {
        name: Interpreter(str(path), experimental_op_resolver_type=kernels).get_signature_runner()
        for name, kernels in (("runtime", OpResolverType.AUTO), ("reference", OpResolverType.BUILTIN_REF))
    }
    random = np.random.default_rng(3)
    given = {
        name: random.normal(0.7, size=tensor["shape"]).astype("float32")
        for name, tensor in runners["runtime"].get_input_details().items()
    }
    exact = evaluate.run(evaluate.load(path), given)
    found = {name: runner(**given) for name, runner in runners.items()}
    (output,) = found["runtime"]
    tensorflow = path.with_suffix(".npy")
    if tensorflow.exists():
        found["tensorflow"] = {output: np.load(tensorflow)}
    size = np.sqrt(np.mean(exact[output].astype("float64") ** 2))
    return {
        name: float(np.sqrt(np.mean((answer[output].astype("float64") - exact[output]) ** 2)) / size)
        for name, answer in found.items()
    }


main(sys.argv[1:])
