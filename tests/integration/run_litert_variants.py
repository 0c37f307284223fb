"""Evaluates .tflite files given as arguments in exact arithmetic, and by the reference kernels; prints JSON.

For each file: how far the runtime's kernels, and the reference kernels, are away from the graph (rms over rms); and
the runtime's where inputs are sixteenths from 0 to 1, half of which is in the middle of two of 256 levels.
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
    ties = {name: np.random.default_rng(4).integers(0, 17, array.shape) / 16 for name, array in given.items()}
    ties = {name: array.astype("float32") for name, array in ties.items()}
    tied = apart(runners["runtime"](**ties)[output], evaluate.run(evaluate.load(path), ties)[output])
    return {name: apart(answer[output], exact[output]) for name, answer in found.items()} | {"tied": tied}


def apart(answer: np.ndarray, exact: np.ndarray) -> float:
    wide = exact.astype("float64")
    return float(np.sqrt(np.mean((answer - wide) ** 2) / np.mean(wide**2)))


main(sys.argv[1:])
