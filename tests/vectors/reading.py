"""Read the vectors for Python, and write a case's arrays as the files of a run and of a reference."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.numerics.compare import Answers, Comparison
from deploymatrix.numerics.failing import failing, named
from deploymatrix.numerics.fidelity import Fidelity
from deploymatrix.numerics.figures import WorstSlice
from deploymatrix.numerics.limits import ROUNDED, Limits, given
from deploymatrix.project.model_specs import Output

VECTORS = Path(__file__).resolve().parent
Case = dict[str, Any]


def cases_of(name: str) -> list[Case]:
    """Return the cases of one file of vectors."""
    cases: list[Case] = json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]
    return cases


CASES = cases_of("comparison.json")
NOISE = cases_of("noise.json")
STABILITY = cases_of("stability.json")
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
            for word, array in _references(pair).items():
                np.save(folder / "reference" / str(index) / f"{name}.{word}.npy", array)
            for word in ("evaluated", "rounded"):
                if word in pair:
                    (folder / "evaluated" / str(index)).mkdir(parents=True, exist_ok=True)
                    path = folder / "evaluated" / str(index) / f"{name}{'' if word == 'evaluated' else ROUNDED}.npy"
                    np.save(path, array_of(pair[word]))
    for check, samples in case.get("again", {}).items():
        for index, changed in enumerate(samples):
            (folder / "actual/again" / check / str(index)).mkdir(parents=True)
            for name, other in changed.items():
                np.save(folder / "actual/again" / check / str(index) / f"{name}.npy", array_of(other))
    return Answers(
        actual=folder / "actual",
        reference=folder / "reference",
        samples=len(case["samples"]),
        declared=tuple(Output.model_construct(**{**d, "shape": tuple(d["shape"])}) for d in case["declared"]),
        missing=tuple(case.get("missing", ())),
        extra=tuple(case.get("extra", ())),
        orders=tuple(str(order) for order in range(1, _orders(case))),
        evaluated=folder / "evaluated" if (folder / "evaluated").is_dir() else None,
    )


def limits_of(case: Case) -> Limits:
    """Return the case's limits: one figure, as where eager's answers are not known, or all of a target's."""
    return Limits(**case["limits"]) if "limits" in case else given(case["limit"])


def as_expected(found: Comparison) -> dict[str, Any]:
    """Return what a comparison came to, as the vectors tell it."""
    outputs = [
        {"name": o.name, "error": o.error, "limit": o.limit, "worst": _worst(o.worst), "problem": o.problem}
        for o in found.outputs
    ]
    return {"outcome": found.outcome, "detail": found.detail, "outputs": outputs}


def of_noise(found: Comparison) -> dict[str, Any]:
    """Return the same of a comparison that is judged by noise: in nine digits, since sums depend on their order."""
    outputs = [
        {
            "name": o.name,
            "error": o.error,
            "headroom": o.headroom,
            "fidelity": _second(o.fidelity),
            "problem": o.problem,
            **({"decisions": asdict(o.decisions)} if o.decisions else {}),
        }
        for o in found.outputs
    ]
    fails = failing(found.outputs) if found.outcome == "mismatch" else ()
    return dict(rounded({"outcome": named(found.outcome, fails), "detail": found.detail, "outputs": outputs}))


def rounded(value: Any) -> Any:
    """Return the same with every number in nine digits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _second(second: Fidelity | None) -> dict[str, Any] | None:
    return None if second is None else asdict(second)


def _worst(worst: WorstSlice | None) -> dict[str, Any] | None:
    if worst is None:
        return None
    told = ("axis", "index", "far", "sample", "error", "limit", "share")
    return {**{key: getattr(worst, key) for key in told}, "position": list(worst.position)}


def _references(pair: dict[str, Any]) -> dict[str, Any]:
    """Return the float64 reference and eager's answers, which are the reference's where the case gives none."""
    eager = [array_of(answer) for answer in pair.get("eager", [pair["reference"]])]
    words = ["float32", *(f"float32.{order}" for order in range(1, len(eager)))]
    return {"float64": array_of(pair["reference"]), **dict(zip(words, eager, strict=True))}


def _orders(case: Case) -> int:
    return max((len(pair.get("eager", [0])) for sample in case["samples"] for pair in sample.values()), default=1)
