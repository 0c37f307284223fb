"""Read the vectors for Python, and write a case's arrays as the files of a run and of a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.numerics.compare import Answers, Comparison
from deploymatrix.project.specs import Tensor

VECTORS = Path(__file__).resolve().parent
Case = dict[str, Any]


def cases_of(name: str) -> list[Case]:
    """Return the cases of one file of vectors."""
    cases: list[Case] = json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]
    return cases


CASES = cases_of("comparison.json")
FAILURES = cases_of("failures.json")


def array_of(given: dict[str, Any]) -> Any:
    """Return an array of nested lists; a string stands for a number that JSON cannot say."""
    number = int if "int" in given["dtype"] else float

    def read(values: Any) -> Any:
        return [read(value) for value in values] if isinstance(values, list) else number(values)

    return np.array(read(given["values"]), given["dtype"])


def answers_of(case: Case, folder: Path) -> Answers:
    """Write the case's arrays below `folder`, in actual/ and reference/."""
    for index, sample in enumerate(case["samples"]):
        for side in ("actual", "reference"):
            (folder / side / str(index)).mkdir(parents=True)
        for name, pair in sample.items():
            np.save(folder / "actual" / str(index) / f"{name}.npy", array_of(pair["actual"]))
            for dtype in ("float64", "float32"):
                np.save(folder / "reference" / str(index) / f"{name}.{dtype}.npy", array_of(pair["reference"]))
    return Answers(
        actual=folder / "actual",
        reference=folder / "reference",
        samples=len(case["samples"]),
        declared=tuple(Tensor.model_construct(**{**d, "shape": tuple(d["shape"])}) for d in case["declared"]),
        missing=tuple(case.get("missing", ())),
        extra=tuple(case.get("extra", ())),
    )


def as_expected(found: Comparison) -> dict[str, Any]:
    """Return what a comparison came to, as the vectors tell it."""
    outputs = [{"name": o.name, "error": o.error, "limit": o.limit, "problem": o.problem} for o in found.outputs]
    return {"outcome": found.outcome, "detail": found.detail, "outputs": outputs}
