"""Writes small networks as original.onnx, and mutants of each beside it. Run where onnx is.

embedding/: ids int64[1, 16] → rows of token.weight → tanh of a product → their mean → logits.
dense/: pixels float32[1, 64] → 32 → logits.
blind/: as embedding/, but the table is computed, so that nobody can read how many rows there are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH, LENGTH = 256, 16, 16
Weights = dict[str, np.ndarray]


def main(out: Path) -> None:
    for name, (weights, build) in {
        "embedding": (embedding_weights(), embedding),
        "blind": (embedding_weights(), blind),
        "dense": (dense_weights(), dense),
    }.items():
        folder = out / name
        folder.mkdir(parents=True)
        save(folder / "original.onnx", weights, build)
        for mutant, change in MUTANTS[name].items():
            changed = {key: array.copy() for key, array in weights.items()}
            change(changed)
            save(folder / f"{mutant}.onnx", changed, build)


def embedding_weights() -> Weights:
    generator = np.random.default_rng(3)
    return {
        "token.weight": generator.standard_normal((ROWS, WIDTH)).astype(np.float32),
        "head.weight": (generator.standard_normal((WIDTH, 8)) / 4).astype(np.float32),
    }


def dense_weights() -> Weights:
    generator = np.random.default_rng(4)
    return {
        "first.weight": (generator.standard_normal((64, 32)) / 8).astype(np.float32),
        "second.weight": (generator.standard_normal((32, 10)) / 6).astype(np.float32),
    }


def embedding(weights: Weights) -> onnx.GraphProto:
    """The ids go through a Cast and a Reshape first, as exporters write it."""
    nodes = [
        helper.make_node("Cast", ["ids"], ["narrow"], to=TensorProto.INT32),
        helper.make_node("Reshape", ["narrow", "flat"], ["flattened"]),
        helper.make_node("Gather", ["token.weight", "flattened"], ["rows"]),
        *after_the_lookup(),
    ]
    return graph("embedding", nodes, ("ids", TensorProto.INT64, [1, LENGTH]), weights)


def blind(weights: Weights) -> onnx.GraphProto:
    nodes = [
        helper.make_node("Reshape", ["ids", "flat"], ["flattened"]),
        helper.make_node("Neg", ["token.weight"], ["negative"]),
        helper.make_node("Gather", ["negative", "flattened"], ["rows"]),
        *after_the_lookup(),
    ]
    return graph("blind", nodes, ("ids", TensorProto.INT64, [1, LENGTH]), weights)


def after_the_lookup() -> list[onnx.NodeProto]:
    return [
        helper.make_node("MatMul", ["rows", "head.weight"], ["products"]),
        helper.make_node("Tanh", ["products"], ["bounded"]),
        helper.make_node("ReduceMean", ["bounded", "positions"], ["logits"], keepdims=1),
    ]


def dense(weights: Weights) -> onnx.GraphProto:
    nodes = [
        helper.make_node("MatMul", ["pixels", "first.weight"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "second.weight"], ["logits"]),
    ]
    return graph("dense", nodes, ("pixels", TensorProto.FLOAT, [1, 64]), weights)


def graph(name: str, nodes: list[onnx.NodeProto], taken: tuple, weights: Weights) -> onnx.GraphProto:
    constants = {**weights, "flat": np.array([-1]), "positions": np.array([0])}
    used = {operand for node in nodes for operand in node.input}
    classes = weights["second.weight" if "second.weight" in weights else "head.weight"].shape[1]
    return helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*taken)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes])],
        [numpy_helper.from_array(array, key) for key, array in constants.items() if key in used],
    )


def save(path: Path, weights: Weights, build: Callable[[Weights], onnx.GraphProto]) -> None:
    model = helper.make_model(build(weights), opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def scale(key: str, place: tuple, factor: float) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        weights[key][place] *= np.float32(factor)

    return change


def swap_rows(weights: Weights) -> None:
    weights["token.weight"][[100, 200]] = weights["token.weight"][[200, 100]]


def shorten(weights: Weights) -> None:
    weights["token.weight"] = weights["token.weight"][:200]


def zero_all_but_two(weights: Weights) -> None:
    weights["token.weight"][2:] = 0


def everything_nan(weights: Weights) -> None:
    next(iter(weights.values()))[:] = np.nan


def everything_zero(weights: Weights) -> None:
    next(iter(weights.values()))[:] = 0


OF_TABLES = {
    "row-scaled": scale("token.weight", (200,), 1.1),
    "first-row-zeroed": scale("token.weight", (0,), 0),
    "last-row-zeroed": scale("token.weight", (ROWS - 1,), 0),
    "rows-swapped": swap_rows,
    "all-but-two-rows-zeroed": zero_all_but_two,
    "weight-scaled": scale("head.weight", (3, 4), 1.1),
    "rows-cut-off": shorten,
    "nan": everything_nan,
    "zero": everything_zero,
}
MUTANTS = {
    "embedding": OF_TABLES,
    "blind": OF_TABLES,
    "dense": {
        "weight-scaled": scale("first.weight", (5, 6), 1.1),
        "last-weight-scaled": scale("second.weight", (31, 9), 1.1),
        "nan": everything_nan,
        "zero": everything_zero,
    },
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
