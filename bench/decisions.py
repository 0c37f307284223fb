"""What `flipped` of pipelines/variants/*.toml follows from: python bench/decisions.py build/matrix.json …

The first table is of chance: how often noise of a variant's signal-to-noise ratio changes which of several values is
the largest, where these are drawn from a normal distribution. The second one is of matrices: how many decisions of
classifiers are not those of float64, in cells that pass.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from deploymatrix.matrix.files import read_matrix

CLASSES, RATIOS = (2, 10, 100, 1000), (24, 28, 40, 66)
DRAWN = 4_000_000  # values


def main(paths: list[str]) -> None:
    print("| classes |", " | ".join(f"{ratio} dB" for ratio in RATIOS), "|")
    print("| ---: " * (1 + len(RATIOS)) + "|")
    for classes in CLASSES:
        print(f"| {classes} |", " | ".join(f"{changed(classes, ratio):.4f}" for ratio in RATIOS), "|")
    print("\n| target | variant | models | decisions | most otherwise, of a model with 40 or more | all otherwise |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for place, found in sorted(counted(paths).items()):
        total, other = (sum(column) for column in zip(*found, strict=True))
        most = max((lost / decisions for decisions, lost in found if decisions >= 40), default=0.0)
        print(f"| {place} | {len(found)} | {total} | {most:.2g} | {other / total:.2g} |")


def changed(classes: int, ratio: float) -> float:
    """Return the share of draws in which another class has the largest value. ratio: in decibel."""
    draw = np.random.default_rng(classes)
    values = draw.standard_normal((DRAWN // classes, classes))
    noisy = values + 10 ** (-ratio / 20) * draw.standard_normal(values.shape)
    return float((values.argmax(axis=1) != noisy.argmax(axis=1)).mean())


def counted(paths: list[str]) -> dict[str, list[tuple[int, int]]]:
    """Return by target and variant the decisions of each cell, and how many of them are not float64's."""
    found = defaultdict(list)
    for path in paths:
        for cell in read_matrix(Path(path)).cells:
            worth = cell.accuracy
            if cell.outcome == "passed" and worth is not None and worth.decisions and worth.agreement is not None:
                other = round(worth.decisions * (1 - worth.agreement))
                found[f"{cell.target} | {cell.variant}"].append((worth.decisions, other))
    return dict(found)


if __name__ == "__main__":
    main(sys.argv[1:])
