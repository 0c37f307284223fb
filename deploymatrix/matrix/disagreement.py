"""disagreement.json: for each model, how far the answers of all targets are from each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix.frozen import Frozen

DISAGREEMENT = "disagreement.json"
CLOSEST = 3  # that are named


class Disagreement(Frozen):
    """One model in one variant on all targets that answered."""

    model: str
    variant: str
    targets: tuple[str, ...]
    distances: Annotated[
        tuple[tuple[float | None, ...], ...],
        Field(description="of each target from those before it; null: no finite answers of the same shape"),
    ]
    alike: tuple[tuple[str, ...], ...] = Field(description="groups of at least two that answer the same to the bit")
    apart: tuple[str, ...] = Field(default=(), description="those that stand apart from all others")
    share: tuple[str, ...] = Field(default=(), description="what all of these have, and none of the others")

    def between(self, one: str, other: str) -> float | None:
        """Return the distance of two targets' answers."""
        i, j = sorted((self.targets.index(one), self.targets.index(other)))
        return 0.0 if i == j else self.distances[j][i]

    def nearest(self, target: str) -> list[tuple[float, str]]:
        """Return the others with their distances, the nearest first; not those of which it is not known."""
        known = ((self.between(target, other), other) for other in self.targets if other != target)
        return sorted((distance, other) for distance, other in known if distance is not None)


class Disagreements(Frozen):
    """All of them, by model and variant."""

    schema_version: Literal[1] = 1
    models: tuple[Disagreement, ...]


def read_disagreements(folder: Path) -> dict[tuple[str, str], Disagreement]:
    """Read the file in a build folder, by model and variant; return none where there is no such file."""
    path = folder / DISAGREEMENT
    if not path.is_file():
        return {}
    try:
        found = Disagreements.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IncompleteRun(f"{path}: not of this version: {error.errors()[0]['msg']}; run again") from None
    return {(each.model, each.variant): each for each in found.models}


def agreement_lines(found: Disagreement | None, target: str) -> list[str]:
    """Say with whom a target's answers agree, from whom they are farthest, and whether they stand apart."""
    if found is None or target not in found.targets or len(found.targets) < 2:
        return []
    lines = []
    same = next((group for group in found.alike if target in group), ())
    if same:
        lines.append(f"the same to the bit as {', '.join(name for name in same if name != target)}")
    others = [entry for entry in found.nearest(target) if entry[1] not in same]
    if others:
        near = ", ".join(f"{name} {distance:.2g}" for distance, name in others[:CLOSEST])
        lines.append(f"nearest: {near}; farthest: {others[-1][1]} {others[-1][0]:.2g}")
    if found.apart:
        who = "it stands apart" if target in found.apart else "apart from all others stand"
        names = [name for name in found.apart if name != target]
        told = f"{who}{' with' if names and target in found.apart else ''} {', '.join(names)}".strip()
        lines.append(told + (f"; they alone share {', '.join(found.share)}" if found.share else ""))
    return lines
