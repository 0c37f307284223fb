"""Matrices in which one thing is not as it seems: what reports say of each is tested in words."""

from __future__ import annotations

from deploymatrix.matrix.records import Matrix, Shard
from tests.fakes.matrices import ROUTES, expectation, make_cell, make_matrix

MODELS = ("mlp", "lstm", "resnet18", "mobilenet_v3", "text_transformer", "keras_mlp", "keras_lstm")
NAMES = tuple(sorted(f"{model}/{target}/fp32" for model in MODELS for target in ROUTES))
NO_ENVIRONMENT = "environment onnx2tf could not be made: uv ended with exit code 1:\nno such package"


def states() -> dict[str, Matrix]:
    """By name: a whole green plan of 42 cells, parts of it, and what is red although every outcome is `passed`."""
    whole = green()
    part = make_matrix(*whole.cells[:14]).model_copy(update={"planned": 42})
    few = make_matrix(*whole.cells[:2]).model_copy(update={"planned": 42})
    shard = Shard(parts=("1/3",), plan="0" * 64, cells=NAMES)
    return {
        "green": whole,
        "selection": few.model_copy(update={"selection": ("-m keras_lstm", "-k litert")}),
        "shard": part.model_copy(update={"shard": shard}),
        "missing": replaced(whole, "mlp", "onnx", outcome="missing"),
        "over_budget": replaced(
            whole, "mlp", "onnx", verdict="over_budget", over_budget=("artifact is 2,310,400 bytes, over 2,000,000",)
        ),
        "unexpected_pass": replaced(
            whole, "mlp", "onnx", verdict="unexpected_pass", expectation=expectation("mlp/onnx/fp32", "run_failed")
        ),
        "expired": replaced(
            whole,
            "mlp",
            "onnx",
            outcome="run_failed",
            verdict="expired",
            expectation=expectation("mlp/onnx/fp32", "run_failed").model_copy(update={"expires": "2020-01-31"}),
        ),
        "unmatched": whole.model_copy(update={"unmatched": ("targets/onnx/target.toml: no cell is like old_*",)}),
        "one_cause": one_cause(180),
    }


def green() -> Matrix:
    """Seven models on six targets, all passed."""
    cells = (make_cell(model, target) for model in MODELS for target in ROUTES)
    return make_matrix(*cells).model_copy(update={"planned": 42})


def replaced(matrix: Matrix, model: str, target: str, **changed: object) -> Matrix:
    """The same with another record of one cell."""
    cell = make_cell(model, target, **changed)  # type: ignore[arg-type]
    others = [other for other in matrix.cells if other.name != cell.name]
    return make_matrix(cell, *others).model_copy(update={"planned": matrix.planned})


def one_cause(count: int) -> Matrix:
    """As many cells without an environment, and two that passed."""
    broken = [
        make_cell(f"net_{index:03}", "savedmodel", outcome="environment_failed", detail=NO_ENVIRONMENT)
        for index in range(count)
    ]
    cells = [*broken, make_cell("mlp", "onnx"), make_cell("lstm", "onnx")]
    return make_matrix(*cells).model_copy(update={"planned": len(cells)})
