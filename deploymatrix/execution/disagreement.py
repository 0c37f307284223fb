"""Who agrees with whom: the answers of all targets to one model, held against each other when a run has ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from deploymatrix.execution.outcomes import Result, entry_of
from deploymatrix.execution.sampled import samples_for
from deploymatrix.matrix.disagreement import Disagreement, Disagreements
from deploymatrix.project.plan import PlannedCell, export_id, reference_id, run_id

DIGITS = 3


def disagreements(cells: Iterable[PlannedCell], results: Mapping[str, Result]) -> Disagreements:
    """Hold the answers of each model's targets against each other, as far as these answered."""
    order = sorted(cells, key=lambda cell: (cell.model.name, cell.variant, cell.target.name))
    found = []
    for (model, variant), group in groupby(order, key=lambda cell: (cell.model.name, cell.variant)):
        answered = [cell for cell in group if cell.route is not None and entry_of(results, run_id(cell)) is not None]
        if len(answered) > 1:
            found.append(_disagreement(model, variant, answered, results))
    return Disagreements(models=tuple(found))


def _disagreement(model: str, variant: str, cells: list[PlannedCell], results: Mapping[str, Result]) -> Disagreement:
    from deploymatrix.numerics.disagreement import alike, apart, distances
    from deploymatrix.numerics.tensors import Array, load

    def answer(cell: PlannedCell) -> dict[tuple[int, str], Array]:
        run = entry_of(results, run_id(cell))
        assert run is not None
        files = ((i, sample, name) for i, sample in enumerate(_samples(cell, results)) for name in run.about["outputs"])
        return {(sample, name): load(run.files / str(i) / f"{name}.npy") for i, sample, name in files}

    names = tuple(cell.target.name for cell in cells)
    found = distances([answer(cell) for cell in cells])
    far = apart(found)
    return Disagreement(
        model=model,
        variant=variant,
        targets=names,
        distances=tuple(tuple(_rounded(float(value)) for value in row[:i]) for i, row in enumerate(found)),
        alike=tuple(tuple(names[i] for i in group) for group in alike(found) if len(group) > 1),
        apart=tuple(names[i] for i in far),
        share=tuple(_shared([set(_traits(cell, results)) for cell in cells], far)) if far else (),
    )


def _samples(cell: PlannedCell, results: Mapping[str, Result]) -> tuple[int, ...]:
    """Return which of the model's samples the cell's artifact answered."""
    assert cell.route is not None
    reference, artifact = (
        entry_of(results, reference_id(cell.model)),
        entry_of(results, export_id(cell.model, cell.route)),
    )
    assert artifact is not None, f"{cell.name} was run"
    return samples_for(cell.model, artifact, reference)


def _traits(cell: PlannedCell, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield what may explain an answer: the artifact's steps and format, the runtime's packages, a device."""
    assert cell.route is not None
    run = entry_of(results, run_id(cell))
    assert run is not None
    yield from (f"the step {step.name}" for step in cell.route.steps)
    yield f"the format {cell.target.spec.format}"
    for package, version in run.about["versions"].items():
        yield package
        yield f"{package} {version}"
    if run.about.get("device"):
        yield f"the device {run.about['device']}"


def _shared(traits: list[set[str]], far: list[int]) -> list[str]:
    """Return what all of these have and no other one."""
    common = set.intersection(*(traits[i] for i in far))
    others = set().union(*(each for i, each in enumerate(traits) if i not in far))
    own = common - others
    return sorted(trait for trait in own if not any(trait.startswith(f"{other} ") for other in own))


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
