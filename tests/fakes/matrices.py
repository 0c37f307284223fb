"""Matrices made up for the reports' tests: every outcome and verdict, several variants, hostile names, a large one."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from deploymatrix.matrix.beside import with_ratios, with_size_ratios
from deploymatrix.matrix.disagreement import DISAGREEMENT, Disagreement, Disagreements
from deploymatrix.matrix.measurements import Measurement, Measurements
from deploymatrix.matrix.records import Artifact, Cell, ExpectationRecord, Matrix, Outcome, Stage, WarningRecord
from tests.fakes.outputs import outputs_of

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
STAGES: dict[str, Stage | None] = {
    "passed": None,
    "unstable": "run",
    "mismatch": "compare",
    "nonfinite": "compare",
    "io_mismatch": "compare",
    "export_failed": "export",
    "load_failed": "load",
    "run_failed": "run",
    "crashed": "run",
    "timed_out": "run",
    "out_of_memory": "run",
    "environment_failed": "environment",
    "reference_failed": "reference",
    "exported": "load",
    "unsupported": "plan",
    "missing": "plan",
}
ROUTES = {
    "executorch": ("torch", "executorch"),
    "litert": ("torch", "litert"),
    "onnx": ("torch", "onnx"),
    "savedmodel": ("torch", "onnx", "savedmodel"),
    "tfjs": ("torch", "onnx", "savedmodel", "tfjs"),
    "torchscript": ("torch", "torchscript"),
}
FAMILIES = {
    "resnet18": "vision",
    "mobilenet_v3": "vision",
    "lstm": "sequence",
    "text_transformer": "text",
    "mlp": "tabular",
}
FAMILY_NAMES = ("audio", "sequence", "tabular", "text", "vision")
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"></script><img src=x onerror=alert(1)>',
    "pipe|in`the*table",
    "::error::injected",
    "quote'and space",
)
ENTRIES = ("artifacts", "runs", "cells")
LOG = (
    "RuntimeError: cannot lower aten::nonzero (node %42)\n::error::this line must not become an annotation\n"
    "</script><script>document.title = 'owned'</script>\n  File \"from_torch.py\", line 12, in export\n"
    "\x1b[31mred\x1b[0m \x00 end"
)


WARNING = WarningRecord(
    step="savedmodel/from_onnx",
    rule="pooling-redefined",
    text="WARNING: Current pooling with <b>ceil_mode</b> = 1 follows pytorch",
    means="onnx2tf pools as PyTorch does and not as the ONNX file says.",
)


def make_cell(
    model: str = "mlp", target: str = "onnx", variant: str = "fp32", outcome: Outcome = "passed", **more: Any
) -> Cell:
    """A cell as a run would record it; `more` replaces fields."""
    route = ROUTES.get(target, ("torch", target))
    ran = STAGES[outcome] in (None, "compare")
    exported = STAGES[outcome] in (None, "compare", "load", "run")
    steps = tuple(f"{after}/from_{before}" for before, after in pairwise(route))
    fields: dict[str, Any] = {
        "framework": "keras" if model.startswith("keras") else "torch",
        "family": FAMILIES.get(model.removeprefix("keras_"), "other"),
        "route": route,
        "steps": steps,
        "beside": "" if variant == "fp32" else "fp32",
        "stage": STAGES[outcome],
        "blame": steps[0] if outcome in ("mismatch", "export_failed") else None,
        "detail": ""
        if outcome == "passed"
        else LOG
        if outcome == "export_failed"
        else f"{outcome}: 3 of 1000 elements",
        "artifact": Artifact(sha256=_sha(model, target, variant), bytes=_size(model, target, variant))
        if exported
        else None,
        "isolation": "docker",
        "image": f"sha256:{_sha(target)}" if exported else None,
        "versions": {"torch": "2.13.0", target: "1.2.3"} if exported else {},
        "log": None if ran else f"logs/{_sha(model, target, variant)[:12]}.txt",
        "samples": 4 if ran else 0,
        "outputs": tuple(outputs_of(model, target, variant, outcome)) if ran else (),
        "entries": {kind: _sha(model, target, variant, kind) for kind in ENTRIES} if ran else {},
        "verdict": "ok" if outcome == "passed" else "failed",
    }
    return Cell(model=model, target=target, variant=variant, outcome=outcome, **{**fields, **more})


def expectation(cell: str, outcome: str, reason: str = "the runtime has no such operator") -> ExpectationRecord:
    target = cell.split("/")[-2]
    link = "https://example.org/issues/1"
    return ExpectationRecord(
        cell=cell, outcome=outcome, stage=None, reason=reason, link=link, file=f"targets/{target}/target.toml"
    )


def make_matrix(*cells: Cell) -> Matrix:
    listed = with_size_ratios(sorted(cells, key=lambda cell: cell.name))
    return Matrix(generator="deploymatrix 0.1.0", isolation="docker", cells=listed)


def full_matrix() -> Matrix:
    """Eight models on six targets in two variants: every outcome, every verdict, hostile names."""
    cells: dict[str, Cell] = {}
    models = (
        "resnet18",
        "mobilenet_v3",
        "lstm",
        "text_transformer",
        "mlp",
        "keras_lstm",
        "keras_mlp",
        "keras_mobilenet_v3",
    )
    for model in models:
        for target in ROUTES:
            for variant in ("fp32", "int8-static"):
                cell = make_cell(
                    model, target, variant, "unsupported" if variant != "fp32" and target == "tfjs" else "passed"
                )
                cells[cell.name] = cell
    for (model, target), outcome in zip(_places(), OUTCOMES, strict=False):
        cell = make_cell(model, target, "fp32", outcome)
        cells[cell.name] = cell
    for model in HOSTILE:
        cell = make_cell(model, "onnx", "fp32", "export_failed")
        cells[cell.name] = cell
    for cell in _judged():
        cells[cell.name] = cell
    return make_matrix(*cells.values())


def earlier_matrix(matrix: Matrix) -> Matrix:
    """The same before: one cell that has since regressed, one that was fixed, one gone, one not there yet."""
    cells = {cell.name: cell for cell in matrix.cells}
    del cells["mlp/litert/fp32"]
    for cell in (
        make_cell("resnet18", "onnx", "fp32", "passed"),
        make_cell("keras_mlp", "onnx", "fp32", "load_failed"),
        make_cell("retired", "onnx", "fp32", "passed"),
    ):
        cells[cell.name] = cell
    return make_matrix(*cells.values())


def large_matrix(models: int = 1000, targets: int = 14) -> Matrix:
    """Many models on many targets, one in nine cells not passing, each with its own message."""
    draw = random.Random(7)
    cells = []
    for model in range(models):
        for target in range(targets):
            outcome = draw.choice(OUTCOMES) if draw.random() < 1 / 9 else "passed"
            detail = (
                "" if outcome == "passed" else f"{LOG}\n" + "\n".join(f"  frame {draw.random()}" for _ in range(20))
            )
            family = FAMILY_NAMES[model % len(FAMILY_NAMES)]
            cells.append(
                make_cell(
                    f"{family}_{model:04d}", f"target-{target:02d}", "fp32", outcome, detail=detail, family=family
                )
            )
    return make_matrix(*cells)


def measurements_of(matrix: Matrix) -> Measurements:
    drawn = (
        Measurement(
            cell=cell.name,
            cached=False,
            export_s=_near(4, cell),
            load_s=_near(0.1, cell),
            run_s=_near(0.004, cell),
            fastest_s=_near(0.004, cell) * 0.9,
            peak_mb=_near(300, cell),
            eager_s=random.Random(cell.model).uniform(0.001, 0.006),
        )
        for cell in matrix.cells
        if cell.artifact
    )
    measured = with_ratios(drawn, matrix.cells)
    return Measurements(wall_s=12.5, exports=len(measured), runs=len(measured), cells=measured)


def disagreements_of(matrix: Matrix) -> Disagreements:
    """Of each model with three cells in full precision: the first two are the same, the last stands apart."""
    by_model: dict[str, list[str]] = {}
    for cell in matrix.cells:
        if cell.outputs and cell.variant == "fp32":
            by_model.setdefault(cell.model, []).append(cell.target)
    return Disagreements(
        models=tuple(
            Disagreement(
                model=model,
                variant="fp32",
                targets=tuple(targets),
                distances=tuple(tuple(0.0 if i == 1 else i * 1e-7 for _ in range(i)) for i in range(len(targets))),
                alike=(tuple(targets[:2]),),
                apart=(targets[-1],),
                share=("the step <b>onnx/from_torch</b>",),
            )
            for model, targets in by_model.items()
            if len(targets) > 2
        )
    )


def write_run(folder: Path, matrix: Matrix) -> Path:
    """The files that a run leaves, in `folder`; returns the matrix's."""
    folder.mkdir(parents=True, exist_ok=True)
    records = {
        "matrix.json": matrix,
        "measurements.json": measurements_of(matrix),
        DISAGREEMENT: disagreements_of(matrix),
    }
    for name, record in records.items():
        (folder / name).write_text(json.dumps(record.model_dump(mode="json")), encoding="utf-8")
    return folder / "matrix.json"


def _places() -> Iterator[tuple[str, str]]:
    """Where the outcomes are put, in their order."""
    yield ("mobilenet_v3", "onnx")  # passed
    yield ("mobilenet_v3", "savedmodel")  # unstable
    yield from (("resnet18", target) for target in ("onnx", "savedmodel", "executorch"))
    yield from (("lstm", target) for target in ROUTES)
    yield from (("text_transformer", target) for target in ROUTES)


def _judged() -> Iterator[Cell]:
    entry = expectation("keras_lstm/tfjs/fp32", "run_failed", "TensorList operators do not run; see <b>the issue</b>")
    yield make_cell("keras_lstm", "tfjs", "fp32", "run_failed", verdict="expected", expectation=entry)
    entry = expectation("keras_mlp/tfjs/fp32", "run_failed")
    yield make_cell("keras_mlp", "tfjs", "fp32", "passed", verdict="unexpected_pass", expectation=entry)
    entry = expectation("keras_lstm/litert/fp32", "load_failed")
    yield make_cell("keras_lstm", "litert", "fp32", "crashed", verdict="unexpected_outcome", expectation=entry)
    entry = expectation("text_transformer/onnx/int8-static", "run_failed").model_copy(update={"expires": "2020-01-31"})
    yield make_cell("text_transformer", "onnx", "int8-static", "run_failed", verdict="expired", expectation=entry)
    yield make_cell("keras_lstm", "savedmodel", "fp32", repairs=("tfjs-keras-lstm-loop", "a-users-own"))
    over = ("artifact is 2,310,400 bytes, over 2,000,000",)
    yield make_cell("mlp", "litert", "int8-static", verdict="over_budget", over_budget=over)
    yield make_cell("mlp", "savedmodel", "int8-static", warnings=(WARNING,))
    for model in ("lstm", "resnet18", "keras_lstm", "mlp"):
        entry = expectation("*/tfjs/int8-static", "unsupported", "no integer route to this format")
        yield make_cell(model, "tfjs", "int8-static", "unsupported", verdict="expected", expectation=entry)


def _near(value: float, cell: Cell) -> float:
    return value * random.Random(cell.name).uniform(0.5, 3)


def _size(model: str, target: str, variant: str) -> int:
    return random.Random(f"{model}{target}").randrange(400_000, 4_000_000) // (4 if variant != "fp32" else 1)


def _sha(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()
