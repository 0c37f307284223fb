"""Doubts: why the gate does not believe a record, for each cell of a matrix, held against the project and the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isclose, prod

from deploymatrix.matrix.accuracy_doubts import accuracy_doubts
from deploymatrix.matrix.alike import differences
from deploymatrix.matrix.beside import with_size_ratios
from deploymatrix.matrix.derived import COMPARED, contradictions
from deploymatrix.matrix.derived_outputs import is_exact
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.matrix.vouched import unvouched
from deploymatrix.numerics.limits import Limits
from deploymatrix.numerics.shapes import (
    agrees,
    bindings,
    chosen,
    is_of,
    lacking,
    listed,
    partly_bound,
    usual_sizes,
    words,
)
from deploymatrix.project.limits import limits_of
from deploymatrix.project.model_specs import ModelSpec, Output
from deploymatrix.project.plan import PlannedCell
from deploymatrix.project.project import Project
from deploymatrix.project.sample_specs import FEWEST

EXACTLY = 1e-9  # a limit follows from eager's error by a few operations: so far do two of them agree


def doubts(
    project: Project, planned: Iterable[PlannedCell], matrix: Matrix, *, read_artifacts: bool = False
) -> dict[str, list[str]]:
    """Return, by cell, a line for each figure that bears no record; cells without any are not in it.

    planned: the project's whole plan. A cell that it does not hold is in doubt for that alone. read_artifacts: read the
    artifacts in the store, too, which takes a second for each GB.
    """
    plan = {cell.name: cell for cell in planned}
    found = {cell.name: list(_of_cell(project, plan.get(cell.name), cell, matrix)) for cell in matrix.cells}
    for cell in matrix.cells:
        found[cell.name] += unvouched(cell, project.build / "store", read_artifacts=read_artifacts)
    for cell, derived in zip(matrix.cells, with_size_ratios(matrix.cells), strict=True):
        if cell.size_ratio != derived.size_ratio:
            found[cell.name].append(f"its size_ratio is {cell.size_ratio}, that of the artifacts {derived.size_ratio}")
    for difference in differences(("", cell) for cell in matrix.cells):
        found[difference.other[1].name].append(f"not of the same run as {difference.one[1].name}: {difference.why}")
    return {name: lines for name, lines in found.items() if lines}


def _of_cell(project: Project, planned: PlannedCell | None, cell: Cell, matrix: Matrix) -> Iterator[str]:
    if planned is None:
        yield "the project plans no such cell"
        return
    limits = Limits(**limits_of(planned.model, planned.target, planned.variant))
    halves = frozenset(output.name for output in planned.model.spec.outputs if output.dtype == "float16")
    yield from contradictions(cell, limits, halves)
    calibrated = planned.target.variants[planned.variant].calibration
    if cell.artifact is not None and calibrated != bool(cell.calibration):
        yield f"its variant takes {'' if calibrated else 'no '}ranges from samples, and the record says otherwise"
    if cell.isolation not in (None, matrix.isolation):
        yield f"it ran in {cell.isolation} isolation, the others in {matrix.isolation}"
    yield from _of_plan(planned, cell)
    if cell.outcome in COMPARED or cell.outputs:
        yield from _of_model(planned, cell, limits)


def _of_plan(planned: PlannedCell, cell: Cell) -> Iterator[str]:
    """Yield where the cell took another way than the plan's."""
    steps = () if planned.route is None else tuple(step.name for step in planned.route.steps)
    if cell.steps != steps:
        yield f"its steps are {' → '.join(cell.steps) or 'none'}, those of the plan {' → '.join(steps) or 'none'}"
    if cell.beside != planned.beside:
        yield f"it stands beside {cell.beside or 'none'}, in the plan beside {planned.beside or 'none'}"
    if cell.framework != planned.model.spec.framework:
        yield f"its framework is {cell.framework}, the model's {planned.model.spec.framework}"


def _of_model(planned: PlannedCell, cell: Cell, limits: Limits) -> Iterator[str]:
    """Yield where a compared cell's figures are not of what the model declares."""
    spec = planned.model.spec
    yield from _of_sizes(planned, cell)
    if cell.samples < FEWEST:
        yield f"it has {cell.samples} samples; own ones, too, are completed to {FEWEST}"
    declared = {output.name: output for output in spec.judged_outputs}
    if cell.outputs and [output.name for output in cell.outputs] != list(declared):
        said = ", ".join(output.name for output in cell.outputs)
        yield f"its outputs are {said}; the model declares {', '.join(declared)}"
    yield from accuracy_doubts(planned, cell)
    for output in cell.outputs:
        if output.error is not None and (output.steps is None) == bool(spec.feedback):
            yield f"{output.name}: it has {'no ' if spec.feedback else ''}figures of steps, unlike the model"
        if output.name in declared:
            yield from _of_output(output, declared[output.name], cell, limits)


def _of_sizes(planned: PlannedCell, cell: Cell) -> Iterator[str]:
    """Yield where the judged samples are not those of the model that an artifact of these fixed sizes takes."""
    spec = planned.model.spec
    usual = usual_sizes(spec.dims)
    if not cell.static.items() <= usual.items():
        yield f"it is fixed to {words(cell.static)}; the model's usual sizes are {words(usual) or 'none'}"
    if spec.own_samples is not None:
        yield from _of_own_sizes(spec, cell)
        return
    all_of_them = bindings(spec)
    samples = [all_of_them[index] for index in chosen(all_of_them, cell.static)]
    if cell.samples != len(samples):
        yield f"it has {cell.samples} samples, the model {len(samples)}"
    elif spec.dims and cell.outcome in COMPARED and list(cell.sizes) != samples:
        yield "the sizes of its samples are not the model's"


def _of_own_sizes(spec: ModelSpec, cell: Cell) -> Iterator[str]:
    """Yield where own samples cannot have these sizes. How many of them there are, the project does not say."""
    if not spec.dims or cell.outcome not in COMPARED:
        return
    if len(cell.sizes) != cell.samples:
        yield f"it has {cell.samples} samples, and sizes of {len(cell.sizes)}"
    possible = {name: range(dim.min, dim.max + 1) for name, dim in spec.dims.items()}
    for sizes in cell.sizes:
        known = sizes.keys() == possible.keys() and all(size in possible[name] for name, size in sizes.items())
        if not known or not agrees(sizes, cell.static):
            yield f"a sample of {words(sizes) or 'no size'} is none that its artifact takes"
            return
    missing = [sizes for sizes in lacking(cell.sizes, spec.dims, FEWEST) if agrees(sizes, cell.static)]
    if missing:
        yield f"no sample of {words(missing[0])} is among its samples, or too few are"


def _of_output(output: OutputRecord, declared: Output, cell: Cell, limits: Limits) -> Iterator[str]:
    measured, name = output.error is not None, output.name
    limits = limits.for_eager(declared.dtype)
    if output.dtype != declared.dtype and f"{name}: {declared.dtype} → {output.dtype}" not in cell.changes:
        yield f"{name}: dtype is {output.dtype}, the model declares {declared.dtype}"
    shape = partly_bound(declared.shape, cell.static)
    if measured and not is_of(output.shape, shape):
        yield f"{name}: shape is {listed(output.shape)}, the model declares {listed(shape)}"
    if declared.ragged != (output.rows is not None) and measured:
        yield f"{name}: it has {'no ' if declared.ragged else ''}rows, and is {'' if declared.ragged else 'not '}ragged"
    exact = measured and (is_exact(output.dtype) or is_exact(declared.dtype))
    limit = 0.0 if exact else limits.of(output.eager_error)
    if not isclose(output.limit, limit, rel_tol=EXACTLY):
        yield f"{name}: its limit is {output.limit:.3g}, the project's {limit:.3g}"
    if exact:
        yield from _of_decisions(output, cell, limits)
        return
    yield from _of_slice(output, limits)
    yield from _of_noise(output, cell, limits)


def _of_decisions(output: OutputRecord, cell: Cell, limits: Limits) -> Iterator[str]:
    """Yield where integers may be decided otherwise by another bound than the variant's, or by one of other values."""
    found = output.decisions
    if found is None:
        return
    if limits.norm != "rms" or cell.alone:
        yield f"{output.name}: its integers are judged by its graph's, and nothing answers for that"
    limit = limits.of_decisions(found.values)
    if not isclose(found.limit, limit, rel_tol=EXACTLY):
        yield f"{output.name}: its limit of decisions is {found.limit:.3g}, the project's {limit:.3g}"
    values = _values(output, cell)
    if values is not None and found.values != values:
        yield f"{output.name}: it has {values} values, and figures of {found.values} decisions"


def _values(output: OutputRecord, cell: Cell) -> int | None:
    """Return how many values an output has in all samples; None where it has a size that nobody says."""
    shapes = [partly_bound(output.shape, sizes) for sizes in cell.sizes or ({},) * cell.samples]
    if output.rows is not None:
        shapes = [(rows, *shape[1:]) for (_, rows), shape in zip(output.rows, shapes, strict=False)]
    known = [[size for size in shape if isinstance(size, int)] for shape in shapes]
    return sum(map(prod, known)) if all(len(sizes) == len(output.shape) for sizes in known) else None


def _of_noise(output: OutputRecord, cell: Cell, limits: Limits) -> Iterator[str]:
    """Yield where the figures are not of the variant's judgement, or its second verdict is not there."""
    if output.norm != limits.norm:
        yield f"{output.name}: its errors are by {output.norm}, those of the variant by {limits.norm}"
    fidelity, measured = output.fidelity, output.error is not None and bool(output.limit)
    if limits.norm == "rms" and measured and fidelity is None and not (cell.alone or output.alone):
        yield f"{output.name}: it has no second verdict, and the record does not say why"
    if fidelity is None:
        return
    limit = limits.of_fidelity(fidelity.loss, fidelity.noise)
    quiet = None if fidelity.noise is None else max(limits.times * fidelity.noise, limits.least)
    if (quiet is None) != (fidelity.quiet_limit is None) or not isclose(quiet or 0, fidelity.quiet_limit or 0):
        yield f"{output.name}: the limit of its quietest sample is not the project's"
    if not isclose(fidelity.limit, limit, rel_tol=EXACTLY):
        yield f"{output.name}: its fidelity's limit is {fidelity.limit:.3g}, the project's {limit:.3g}"


def _of_slice(output: OutputRecord, limits: Limits) -> Iterator[str]:
    """Yield it where the limit of the whole, or of values far out, is not the project's. That of a slice also depends
    on the slice's scale, which the record does not have."""
    worst = output.worst
    if worst is None or worst.axis is not None or not output.limit:
        return
    limit = limits.of(worst.noise if worst.far else output.eager_error)
    if not isclose(worst.limit, limit, rel_tol=EXACTLY):
        yield f"{output.name}: its worst limit is {worst.limit:.3g}, the project's {limit:.3g}"
