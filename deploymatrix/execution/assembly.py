"""The matrix assembled: results gathered into one judged record per planned cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploymatrix import __version__
from deploymatrix.execution.blame import answered_wrongly, blame, fails_of
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.layer_tasks import layers_of
from deploymatrix.execution.outcomes import Done, Failed, Result, entry_of
from deploymatrix.execution.sampled import bindings_for, samples_for, static_of
from deploymatrix.host.facts import HostFacts
from deploymatrix.matrix.beside import name_beside, with_size_ratios
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Artifact, Cell, Matrix, Shard, Stage
from deploymatrix.matrix.verdicts import Rules, judged, unmatched_rules
from deploymatrix.numerics.shapes import is_of, listed, partly_bound
from deploymatrix.printable import printable
from deploymatrix.project.calibration import calibration_split
from deploymatrix.project.model_specs import Output
from deploymatrix.project.plan import (
    PlannedCell,
    Selection,
    compare_id,
    evaluation_id,
    export_id,
    labels_id,
    reference_id,
    run_id,
    samples_id,
)
from deploymatrix.project.project import Project
from deploymatrix.store.entries import Entry

MOST_DETAIL = 4000  # characters; an output's name alone may have millions

# Others: in the comparison.
JUDGED_IN: dict[str, Stage | None] = {"passed": None, "unstable": "run", "reference_failed": "reference"}


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """What a run sets out to decide, by which keys, and what its cells are judged by.

    `inputs`: by cell, the digest of the files that its result depends on, as they were when the run began.
    `shard`: the whole plan, where `cells` are only a part of it. `planned`: how many cells the project plans, whatever
    was selected. `locks`: the digest of each lock of the whole plan.
    """

    project: Project
    selection: Selection
    cells: Sequence[PlannedCell]
    rules: Rules
    keys: Keys
    inputs: Mapping[str, str]
    planned: int
    locks: Mapping[str, str] = field(default_factory=dict)
    shard: Shard | None = None

    @property
    def targets(self) -> set[str]:
        """The names of the targets of the whole plan."""
        names = self.shard.cells if self.shard else [cell.name for cell in self.cells]
        return {name.split("/")[1] for name in names}


def build_matrix(run: PlannedRun, facts: HostFacts, results: Mapping[str, Result]) -> Matrix:
    """Gather the results into one judged record per planned cell; a cell without a result is `missing`.

    Entries about no cell are those of the whole plan, also in a shard. Budgets of latency are left to the gate: the
    same results must give the same bytes, and times differ.
    """
    cells = [_cell(run, facts, planned, results) for planned in run.cells]
    found = with_size_ratios(cell.model_copy(update={"inputs": run.inputs[cell.name]}) for cell in cells)
    beside = {cell.name: cell for cell in found}
    records = [judged(cell, run.rules, beside=beside.get(name_beside(cell))) for cell in found]
    return Matrix(
        generator=f"deploymatrix {__version__}",
        isolation=facts.isolation,
        exporters=run.project.exporters,
        selection=run.selection.describe(),
        shard=run.shard,
        planned=run.planned,
        locks=dict(run.locks),
        cells=tuple(sorted(records, key=lambda cell: cell.name)),
        unmatched=unmatched_rules(run.project, run.rules, run.targets),
    )


def measure_cell(planned: PlannedCell, results: Mapping[str, Result]) -> Measurement:
    """Return seconds and MiB of the cell's own export and run; no latency of a device or an emulator."""
    if planned.route is None:
        return Measurement(cell=planned.name, cached=False)
    reference = entry_of(results, reference_id(planned.model))
    export = entry_of(results, export_id(planned.model, planned.route))
    run = entry_of(results, run_id(planned))
    decided = results.get(compare_id(planned))
    is_latency = run is not None and not (run.about.get("device") or run.about.get("emulated"))
    run_s = run.record.measured.get("run_s") if run and is_latency else None
    return Measurement(
        cell=planned.name,
        cached=isinstance(decided, Done) and decided.cached,
        export_s=export.record.measured.get("wall_s") if export else None,
        load_s=run.record.measured.get("load_s") if run else None,
        run_s=sorted(run_s)[len(run_s) // 2] if run_s else None,
        fastest_s=min(run_s) if run_s else None,
        peak_mb=run.record.measured.get("peak_mb") if run else None,
        eager_s=reference.record.measured.get("eager_s") if reference else None,
    )


def _cell(run: PlannedRun, facts: HostFacts, planned: PlannedCell, results: Mapping[str, Result]) -> Cell:
    base: dict[str, Any] = {
        "model": planned.model.name,
        "framework": planned.model.spec.framework,
        "family": planned.model.spec.family,
        "target": planned.target.name,
        "target_class": next(iter(planned.target.spec.tags), ""),
        "variant": planned.variant,
        "beside": planned.beside,
        "platform": run.project.runner_of(planned.target).spec.platform or "",
        "route": () if planned.route is None else tuple(str(planned.route).split(" → ")),
        "steps": () if planned.route is None else tuple(step.name for step in planned.route.steps),
    }
    if planned.route is None:
        format_ = planned.target.spec.format
        why = run.project.pipelines[format_].why_unsupported(planned.variant, planned.model.spec.framework)
        reason = f"no route from {planned.model.spec.framework} to {format_} {planned.variant}"
        reason += f": {why}" if why else ""
        return Cell(**base, outcome="unsupported", stage="plan", detail=reason)
    result = results.get(compare_id(planned))
    if result is None:
        return Cell(**base, outcome="missing", stage="plan", detail="the run ended before this cell")
    base |= {"reads": run.keys.reads.of_all(_decided_before(planned, results))}
    base |= {"isolation": facts.isolation, "image": facts.image_digest(planned.target)}
    base |= _artifact(planned, results)
    base |= {"entries": _entries(planned, results)}
    if isinstance(result, Failed):
        return Cell(**{**base, **_failure(run.project, result)})
    return Cell(**{**base, **_compared(run.project, planned, results, result.entry)})


def _decided_before(planned: PlannedCell, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield the ids of the cell's samples, reference and exports, as far as they have a result."""
    assert planned.route is not None
    exports = (export_id(planned.model, prefix) for prefix in planned.route.prefixes())
    samples, split = samples_id(planned.model), samples_id(calibration_split(planned.model))
    before = (samples, split, labels_id(planned.model), reference_id(planned.model))
    yield from (task_id for task_id in (*before, *exports) if task_id in results)


def _artifact(planned: PlannedCell, results: Mapping[str, Result]) -> dict[str, Any]:
    assert planned.route is not None
    exported = entry_of(results, export_id(planned.model, planned.route))
    if exported is None:
        return {}
    on_the_way = [entry_of(results, export_id(planned.model, prefix)) for prefix in planned.route.prefixes()]
    return {
        "repairs": tuple(repair for entry in on_the_way if entry for repair in entry.about["repairs"]),
        "warnings": tuple(warning for entry in on_the_way if entry for warning in entry.about["warnings"]),
        "artifact": _record_of(exported),
        "static": static_of(exported),
        "processor": _processor(on_the_way),
        "calibration": exported.about.get("calibration", ""),
        "changes": tuple(_changes(planned, exported)),
        "versions": exported.about["versions"],
    }


def _processor(on_the_way: list[Entry | None]) -> str:
    """Return the kind of processor that one of the route's steps made machine code for; empty where none did."""
    return next((entry.about["processor"] for entry in on_the_way if entry and "processor" in entry.about), "")


def _record_of(exported: Entry) -> Artifact:
    files = {name: file.sha256 for name, file in exported.shipped.items()}
    return Artifact(sha256=exported.sha256, bytes=exported.bytes, files=files if len(files) > 1 else {})


def _entries(planned: PlannedCell, results: Mapping[str, Result]) -> dict[str, str]:
    """Return the key of each entry that decided the cell, by the entry's kind."""
    assert planned.route is not None
    ids = (export_id(planned.model, planned.route), run_id(planned), compare_id(planned))
    found = [entry.record for entry in (entry_of(results, id_) for id_ in ids) if entry is not None]
    return {record.kind: record.key for record in found}


def _failure(project: Project, failed: Failed) -> dict[str, Any]:
    return {
        "outcome": failed.outcome,
        "stage": failed.stage,
        "blame": failed.blame,
        "detail": _shown(failed.detail),
        "log": failed.log.relative_to(project.build).as_posix() if failed.log else None,
    }


def _compared(project: Project, planned: PlannedCell, results: Mapping[str, Result], compared: Entry) -> dict[str, Any]:
    exported = entry_of(results, export_id(planned.model, planned.route))  # type: ignore[arg-type]
    run = entry_of(results, run_id(planned))
    assert exported is not None and run is not None, "a comparison has both"
    outcome = compared.about["outcome"]
    if outcome == "reference_failed" and not compared.about["outputs"]:  # it is not what its user expects
        return {"outcome": outcome, "stage": "reference", "detail": _shown(compared.about["detail"])}
    reference, own = entry_of(results, reference_id(planned.model)), entry_of(results, samples_id(planned.model))
    assert reference is not None, "a comparison has it, too"
    return {
        "outcome": outcome,
        "fails": fails_of(results[compare_id(planned)]),
        "stage": JUDGED_IN.get(outcome, "compare"),
        "blame": _blamed(project, planned, results, compared),
        "detail": _shown(compared.about["detail"]),
        "versions": {**exported.about["versions"], **_runtime_versions(planned, run)},
        "samples": len(samples_for(planned.model, exported, reference)),
        "sizes": tuple(bindings_for(planned.model, exported, reference)) if planned.model.spec.dims else (),
        "own_samples": own.about["said"] if own else "",
        "checks": tuple(run.about["checks"]),
        "device": run.about.get("device", ""),
        "emulated": run.about.get("emulated", False),
        "outputs": tuple(OutputRecord.model_validate(output) for output in compared.about["outputs"]),
        "yardstick": _yardstick(results, planned),
        "drift": compared.about["drift"],
        "alone": _alone(planned, results),
        "accuracy": compared.about.get("accuracy"),
        "layers": layers_of(planned, results),
    }


def _blamed(project: Project, planned: PlannedCell, results: Mapping[str, Result], compared: Entry) -> str | None:
    """Name who is at fault for wrong answers, or for a second reference that gives nothing to be held to."""
    proves_nothing = any(output.get("alone") for output in compared.about["outputs"])
    if compared.about["outcome"] == "reference_failed" and proves_nothing and planned.route is not None:
        return planned.route.evaluator
    return blame(project, planned, results) if answered_wrongly(planned, results) else None


def _alone(planned: PlannedCell, results: Mapping[str, Result]) -> str:
    """Return why a quantised artifact has no second reference; empty where it has one, or is not quantised."""
    if planned.target.variants[planned.variant].judgement == "rounding" or planned.route is None:
        return ""
    if not planned.route.evaluated_in:
        return f"nothing evaluates {planned.target.spec.format} {planned.variant}"
    evaluated = entry_of(results, evaluation_id(planned))
    return "" if evaluated is None else _shown(str(evaluated.about.get("alone", "")))


def _yardstick(results: Mapping[str, Result], planned: PlannedCell) -> str:
    reference = entry_of(results, reference_id(planned.model))
    return "float64" if reference is None else str(reference.about.get("yardstick", "float64"))


def _runtime_versions(planned: PlannedCell, run: Entry) -> dict[str, str]:
    found = run.about["versions"].items()
    return {f"{planned.target.name}: {_shown(name)}": _shown(version) for name, version in found}


def _shown(text: str) -> str:
    """Return what an artifact or a runtime said as a matrix may hold it: it must steer no reader, and fill no page."""
    safe = printable(text)
    return safe if len(safe) <= MOST_DETAIL else f"{safe[:MOST_DETAIL]} … ({len(safe):,} characters)"


def _changes(planned: PlannedCell, exported: Entry) -> list[str]:
    """List where the artifact's dtype or shape is not the model's, by the signature's own word.

    That a dim is fixed is told by the cell's `static`, and that a free one has lost its name changes nothing.
    """
    changes, signature = [], exported.about["signature"]
    for direction, tensors in (
        ("inputs", planned.model.spec.inputs),
        ("outputs", planned.model.spec.outputs),
    ):
        for tensor in tensors:
            actual = signature[direction][tensor.name]
            if actual["dtype"] != tensor.dtype:
                changes.append(f"{tensor.name}: {tensor.dtype} → {actual['dtype']}")
            shape = partly_bound(tensor.shape, static_of(exported))
            ragged = isinstance(tensor, Output) and tensor.ragged  # how many rows there may be is the model's word
            if not is_of(actual["shape"][ragged:], shape[ragged:]):
                changes.append(f"{tensor.name}: {listed(shape)} → {listed(actual['shape'])}")
    return changes
