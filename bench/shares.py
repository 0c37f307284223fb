"""What the comparison makes of the runs of a build folder, and of the same answers spoilt: python bench/shares.py build

Every run that the store holds is judged against its reference as it is, and then with its answers changed in ways that
an exporter's mistakes change them. docs/how-cells-are-judged.md has the figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.numerics.judging import judged, stacked
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.model_specs import Tensor

LIMITS = Limits(multiple=12, floor=2e-6, ceiling=5e-4)
MUTANTS: dict[str, Callable[[Any, Any], Any]] = {
    "as it is": lambda y, _: y,
    "all x 0.99": lambda y, _: y * np.float32(0.99),
    "all x 0.999": lambda y, _: y * np.float32(0.999),
    "all x 0.9999": lambda y, _: y * np.float32(0.9999),
    "one slice of the last axis x 1.05": lambda y, draw: _slice(y, draw, 1.05),
    "one slice of the last axis x 1.001": lambda y, draw: _slice(y, draw, 1.001),
    "one element x 2": lambda y, draw: _element(y, draw, 2.0),
    "one element x 1.001": lambda y, draw: _element(y, draw, 1.001),
    "one element 0": lambda y, draw: _element(y, draw, 0.0),
    "in float16": lambda y, _: y.astype("float16").astype("float32"),
    "in bfloat16": lambda y, _: (y.view("uint32") & np.uint32(0xFFFF0000)).view("float32"),
    "sample 0 for all": lambda y, _: np.repeat(y[:1], len(y), axis=0),
    "last axis reversed": lambda y, _: y[..., ::-1],
    "last axis shifted by one": lambda y, _: np.roll(y, 1, axis=-1),
}


def main() -> None:
    store = Path(sys.argv[1]) / "store"
    outputs = list(_outputs(store))
    print(f"{len(outputs)} outputs\n\n| answers | judged | failed | least share of the limit | largest |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, mutate in MUTANTS.items():
        draw = np.random.default_rng(0)
        shares = [_share(mutate(actual, draw), exact, eager) for actual, exact, eager in outputs for _ in range(5)]
        failed = sum(share > 1 for share in shares)
        print(f"| {name} | {len(shares)} | {failed} | {min(shares):.3g} | {max(shares):.3g} |")


def _share(actual: Any, exact: Any, eager: list[Any]) -> float:
    declared = Tensor.model_construct(name="y", dtype="float32", shape=exact.shape[1:])
    stack = stacked([*actual], [*exact], [[*answers] for answers in eager])
    return judged(declared, stack, LIMITS)[0].headroom or 0.0


def _outputs(store: Path) -> Iterator[tuple[Any, Any, list[Any]]]:
    runs, references = _by_digest(store / "runs"), _by_digest(store / "references")
    for path in sorted((store / "cells").glob("*/record.json")):
        cell = json.loads(path.read_text(encoding="utf-8"))
        run, reference = runs.get(cell["made_from"]["run"]), references.get(cell["made_from"]["reference"])
        if run and reference:
            for output in cell["about"]["outputs"]:
                if output["dtype"] == "float32":
                    yield _arrays(run, reference, output["name"])


def _arrays(run: Path, reference: Path, name: str) -> tuple[Any, Any, list[Any]]:
    samples = sorted(path.name for path in run.glob("files/*"))
    words = sorted(path.name[len(name) + 1 : -4] for path in reference.glob(f"files/0/{name}.float32*.npy"))

    def read(folder: Path, file: str) -> Any:
        return np.stack([np.load(folder / "files" / sample / file) for sample in samples])

    eager = [read(reference, f"{name}.{word}.npy") for word in words]
    return read(run, f"{name}.npy"), read(reference, f"{name}.float64.npy"), eager


def _by_digest(folder: Path) -> dict[str, Path]:
    records = (path for path in folder.glob("*/record.json"))
    return {json.loads(path.read_text(encoding="utf-8"))["digest"]: path.parent for path in records}


def _slice(y: Any, draw: np.random.Generator, factor: float) -> Any:
    changed = y.copy()
    changed[..., draw.integers(y.shape[-1])] *= np.float32(factor)
    return changed


def _element(y: Any, draw: np.random.Generator, factor: float) -> Any:
    changed = y.copy()
    changed[tuple(draw.integers(size) for size in y.shape)] *= np.float32(factor)
    return changed


if __name__ == "__main__":
    main()
