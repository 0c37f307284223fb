"""`compare`: whether two artifacts of one model answer alike; the first one's answers are the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.outcomes import Failed
from deploymatrix.host.isolation import IsolationChoice
from deploymatrix.matrix.frozen import Frozen
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Outcome, Stage
from deploymatrix.numerics.compare import Comparison
from deploymatrix.project.project import Project
from deploymatrix.project.strict import Isolation
from deploymatrix.say import Say
from deploymatrix.verify.answers import compare_answers, default_limit, output_records
from deploymatrix.verify.artifacts import Answer, InspectedArtifact
from deploymatrix.verify.influence import changed, influenced
from deploymatrix.verify.inspector import Inspector, inspecting
from deploymatrix.verify.known import InputsRecord, without
from deploymatrix.verify.location import locate
from deploymatrix.verify.pairing import pair_names, require_same
from deploymatrix.verify.proof import require_outputs, unproven
from deploymatrix.verify.sharing import Pair, SharedInputs, own_samples, share_inputs
from deploymatrix.verify.telling import guessed_sizes


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
    first = inspector.describe(pair.first, first_target.name, pair.first_signature)
    if isinstance(first, Failed):
        return _failed(inspector, pair, targets, pair.first, first)
    second = inspector.describe(pair.second, second_target.name, pair.second_signature)
    if isinstance(second, Failed):
        return _failed(inspector, pair, targets, pair.second, second)
    inputs, output_names = share_inputs(pair, first, second), _pair_outputs(pair, first, second)
    reference = inspector.run(first, own_samples(inputs.samples, inputs.first_names), list(output_names))
    if isinstance(reference, Failed):
        return _failed(inspector, pair, targets, pair.first, reference, inputs.record)
    if reference.missing or reference.extra:
        raise ConfigurationError(f"{pair.first}: its answer has other outputs than it describes: {reference.extra}")
    require_outputs(pair.constant, output_names)
    problem = unproven(reference.outputs, pair.constant)
    if problem:
        nothing = Failed(outcome="reference_failed", stage="reference", detail=problem, blame=None)
        return _failed(inspector, pair, targets, pair.first, nothing, inputs.record)
    answer = inspector.run(second, own_samples(inputs.samples, inputs.second_names), list(output_names.values()))
    if isinstance(answer, Failed):
        return _failed(inspector, pair, targets, pair.second, answer, inputs.record)
    needed = _needed(inspector, first, inputs, inputs.first_names, inputs.second_names, reference)
    if needed:
        return _failed(inspector, pair, targets, pair.second, needed, inputs.record)
    needed = _needed(inspector, second, inputs, inputs.second_names, inputs.first_names, answer)
    if needed:
        return _failed(inspector, pair, targets, pair.first, needed, inputs.record)
    own = default_limit(first_target, first.dtypes) + default_limit(second_target, second.dtypes)
    limit = own if pair.limit is None else pair.limit
    names = {own: name for name, own in output_names.items()}
    comparison = compare_answers(answer.under(names), reference.outputs, second.outputs_under(names), limit)
    return _decided(inspector, pair, targets, inputs, limit, comparison)


def _decided(
    inspector: Inspector,
    pair: Pair,
    targets: tuple[str, str],
    inputs: SharedInputs,
    limit: float,
    comparison: Comparison,
) -> Agreement:
    lost = dict.fromkeys(inputs.lost_by(inputs.second_names), pair.second)
    lost |= dict.fromkeys(inputs.lost_by(inputs.first_names), pair.first)
    return Agreement(
        first=str(pair.first),
        second=str(pair.second),
        targets=targets,
        isolation=inspector.isolation,
        outcome=comparison.outcome,
        stage=None if comparison.outcome == "passed" else "compare",
        detail=comparison.detail,
        samples=len(inputs.samples),
        inputs=without(inputs.record, lost),
        limit=limit,
        outputs=output_records(comparison),
    )


def _needed(
    inspector: Inspector,
    artifact: InspectedArtifact,
    inputs: SharedInputs,
    names: dict[str, str],
    other_names: dict[str, str],
    answer: Answer,
) -> Failed | None:
    """Return a failure where the artifact's answers depend on inputs that the other one lacks; `names`: its own."""
    lost = inputs.lost_by(other_names)
    if not lost:
        return None
    others = own_samples(changed(inputs.samples, lost, seed=0), names)
    again = inspector.run(artifact, others, list(answer.outputs[0]))
    if isinstance(again, Failed):
        return replace(again, detail=f"{artifact.path}, with other values of {', '.join(lost)}: {again.detail}")
    outputs = influenced(answer, again)
    if not outputs:
        return None
    told = f"lacks {', '.join(lost)}, on which {', '.join(outputs)} of {artifact.path} depends"
    return Failed(outcome="io_mismatch", stage="compare", detail=told, blame=None)


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
        detail=failed.detail + (guessed_sizes(inputs) if failed.stage == "run" else ""),
        failed_artifact=str(path),
        samples=0 if inputs is None else inputs.samples,
        inputs=inputs,
    )


def _pair_outputs(pair: Pair, first: InspectedArtifact, second: InspectedArtifact) -> dict[str, str]:
    """Return for each output of the first artifact the second one's name."""
    if first.outputs is None and second.outputs is None:
        raise ConfigurationError(f"neither {pair.first} nor {pair.second} tells its outputs")
    first_names = {own: name for name, own in pair.mapping.items()}
    names = [first_names.get(own, own) for own in second.outputs or {}] if first.outputs is None else [*first.outputs]
    second_names = pair_names("output", names, second.outputs, pair.mapping)
    require_same("outputs", second_names, second.outputs)
    return second_names
