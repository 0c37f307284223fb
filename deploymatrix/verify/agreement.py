"""`compare`: whether two artifacts of one model answer alike; the first one's answers are the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.outcomes import Failed
from deploymatrix.host.isolation import IsolationChoice
from deploymatrix.matrix.records import Frozen, Outcome, OutputRecord, Stage
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project
from deploymatrix.project.strict import Isolation
from deploymatrix.say import Say
from deploymatrix.verify.answers import compare_answers, default_limit, output_records
from deploymatrix.verify.artifacts import InspectedArtifact, Sample, Slot
from deploymatrix.verify.drawing import draw_inputs
from deploymatrix.verify.inspector import Inspector, inspecting
from deploymatrix.verify.known import InputsRecord, drawn_inputs, given_inputs, lookups_of, unread_in
from deploymatrix.verify.location import locate
from deploymatrix.verify.pairing import pair_names, require_same
from deploymatrix.verify.proof import require_outputs, unproven
from deploymatrix.verify.ranges import Range, plan_draws, require_inputs, require_within


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two artifacts. `mapping`: the first one's name → the second one's, where they differ.

    `inputs`: samples, by the first one's names; None: drawn from its signature and `seed`, as many as `samples` says.
    `ranges` by the first one's names. `constant`: outputs, by these too, that may be the same for all samples.
    """

    first: Path
    second: Path
    first_target: str | None = None
    second_target: str | None = None
    inputs: Sequence[Mapping[str, Array]] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    seed: int = 0
    samples: int | None = None  # None: as many as it takes to touch every row of a lookup, 4 to 64
    limit: float | None = None  # None: the sum of both targets' own, since both may be off
    timeout_s: float = 120.0


class Agreement(Frozen):
    """How two artifacts compare. `passed`: every output agrees. `failed_artifact`: the one that did not even run."""

    first: str
    second: str
    targets: tuple[str, str]
    isolation: Isolation
    outcome: Outcome
    stage: Stage | None
    detail: str
    failed_artifact: str | None = None
    samples: int = 0
    inputs: InputsRecord | None = None
    limit: float | None = None
    outputs: tuple[OutputRecord, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


@dataclass(frozen=True, kw_only=True)
class SharedInputs:
    """Samples by the first artifact's input names, for each of these names the second one's, and what is known."""

    samples: list[Sample]
    second_names: dict[str, str]
    record: InputsRecord

    def for_second(self) -> list[Sample]:
        """Return the same samples by the second artifact's names."""
        return [{self.second_names[name]: array for name, array in sample.items()} for sample in self.samples]


def compare_artifacts(project: Project, pair: Pair, isolation: IsolationChoice, say: Say) -> Agreement:
    """Run both artifacts on the same inputs and compare output by output.

    Raise ConfigurationError when names cannot be paired or inputs cannot be drawn, EnvironmentFailed.
    """
    with inspecting(project, isolation, pair.timeout_s, say) as inspector:
        return compare_in(inspector, pair)


def compare_in(inspector: Inspector, pair: Pair) -> Agreement:
    """Do the same for one of many pairs that share their workers."""
    _, first_target = locate(inspector.project, pair.first, pair.first_target)
    _, second_target = locate(inspector.project, pair.second, pair.second_target)
    targets = (first_target.name, second_target.name)
    first = inspector.describe(pair.first, first_target.name)
    if isinstance(first, Failed):
        return _failed(inspector, pair, targets, pair.first, first)
    second = inspector.describe(pair.second, second_target.name)
    if isinstance(second, Failed):
        return _failed(inspector, pair, targets, pair.second, second)
    inputs, output_names = _share_inputs(pair, first, second), _pair_outputs(pair, first, second)
    reference = inspector.run(first, inputs.samples, list(output_names))
    if isinstance(reference, Failed):
        return _failed(inspector, pair, targets, pair.first, reference, inputs.record)
    if reference.missing or reference.extra:
        raise ConfigurationError(f"{pair.first}: its answer has other outputs than it describes: {reference.extra}")
    require_outputs(pair.constant, output_names)
    problem = unproven(reference.outputs, pair.constant)
    if problem:
        nothing = Failed(outcome="reference_failed", stage="reference", detail=problem, blame=None)
        return _failed(inspector, pair, targets, pair.first, nothing, inputs.record)
    answer = inspector.run(second, inputs.for_second(), list(output_names.values()))
    if isinstance(answer, Failed):
        return _failed(inspector, pair, targets, pair.second, answer, inputs.record)
    limit = default_limit(first_target) + default_limit(second_target) if pair.limit is None else pair.limit
    names = {own: name for name, own in output_names.items()}
    comparison = compare_answers(answer.under(names), reference.outputs, second.outputs_under(names), limit)
    return Agreement(
        first=str(pair.first),
        second=str(pair.second),
        targets=targets,
        isolation=inspector.isolation,
        outcome=comparison.outcome,
        stage=None if comparison.outcome == "passed" else "compare",
        detail=comparison.detail,
        samples=len(inputs.samples),
        inputs=inputs.record,
        limit=limit,
        outputs=output_records(comparison),
    )


def _failed(
    inspector: Inspector,
    pair: Pair,
    targets: tuple[str, str],
    path: Path,
    failed: Failed,
    inputs: InputsRecord | None = None,
) -> Agreement:
    return Agreement(
        first=str(pair.first),
        second=str(pair.second),
        targets=targets,
        isolation=inspector.isolation,
        outcome=failed.outcome,
        stage=failed.stage,
        detail=failed.detail,
        failed_artifact=str(path),
        samples=0 if inputs is None else inputs.samples,
        inputs=inputs,
    )


def _share_inputs(pair: Pair, first: InspectedArtifact, second: InspectedArtifact) -> SharedInputs:
    """Take the user's inputs, or draw them; raise ConfigurationError where they are not the inputs of both."""
    if first.inputs is None and pair.inputs is None:
        raise ConfigurationError(f"{pair.first}: does not tell its inputs; give --inputs in.npz")
    names = list(first.inputs if first.inputs is not None else (pair.inputs or [{}])[0])
    second_names = pair_names("input", names, second.inputs, pair.mapping)
    require_same("inputs", second_names, second.inputs)
    require_inputs(pair.ranges, names)
    first_names = {own: name for name, own in second_names.items()}
    lookups = [*lookups_of(first, {name: name for name in names}), *lookups_of(second, first_names)]
    unread = unread_in([first, second])
    if pair.inputs is not None:
        require_same("inputs", {name: name for name in pair.inputs[0]}, first.inputs)
        require_within(pair.ranges, pair.inputs)
        record = given_inputs(pair.inputs, pair.ranges, lookups, unread)
        return SharedInputs(samples=[*pair.inputs], second_names=second_names, record=record)
    others = second.inputs or {}
    slots = {
        name: slot.completed_by(others.get(second_names[name], Slot())) for name, slot in (first.inputs or {}).items()
    }
    draws = plan_draws(slots, pair.ranges, lookups)
    samples = draw_inputs(draws, pair.seed, pair.samples)
    record = drawn_inputs(samples, draws, lookups, unread)
    return SharedInputs(samples=[*samples], second_names=second_names, record=record)


def _pair_outputs(pair: Pair, first: InspectedArtifact, second: InspectedArtifact) -> dict[str, str]:
    """Return for each output of the first artifact the second one's name."""
    if first.outputs is None and second.outputs is None:
        raise ConfigurationError(f"neither {pair.first} nor {pair.second} tells its outputs")
    first_names = {own: name for name, own in pair.mapping.items()}
    names = [first_names.get(own, own) for own in second.outputs or {}] if first.outputs is None else [*first.outputs]
    second_names = pair_names("output", names, second.outputs, pair.mapping)
    require_same("outputs", second_names, second.outputs)
    return second_names
