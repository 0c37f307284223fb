"""`verify`: an artifact that somebody else made, against inputs and reference outputs that somebody else computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.outcomes import Failed
from deploymatrix.host.isolation import IsolationChoice
from deploymatrix.matrix.frozen import Frozen
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Outcome, Stage
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project
from deploymatrix.project.strict import Isolation
from deploymatrix.project.targets import Target
from deploymatrix.say import Say
from deploymatrix.verify.answers import compare_answers, default_limit, output_records
from deploymatrix.verify.artifacts import InspectedArtifact
from deploymatrix.verify.influence import constant_inputs
from deploymatrix.verify.inspector import Inspector, inspecting
from deploymatrix.verify.known import InputsRecord, given_inputs, lookups_of, unread_in, without
from deploymatrix.verify.location import locate
from deploymatrix.verify.pairing import pair_names, require_same, split_names
from deploymatrix.verify.proof import require_outputs, unproven
from deploymatrix.verify.ranges import Range, require_inputs, require_within


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is to be verified: `artifact` answers each of `inputs` with that of `reference`, both by the user's names.

    `ranges`: of inputs, as the user knows them. `constant`: outputs that may be the same for all samples.
    """

    artifact: Path
    target: str | None
    signature: str | None = None
    inputs: Sequence[Mapping[str, Array]]
    reference: Sequence[Mapping[str, Array]]
    mapping: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    limit: float | None = None  # None: the target's own for fp32
    timeout_s: float = 120.0


class Verification(Frozen):
    """How a claim was decided; outcomes are those of the matrix's cells."""

    artifact: str
    target: str
    isolation: Isolation
    outcome: Outcome
    stage: Stage | None
    detail: str
    inputs: InputsRecord | None = None
    limit: float | None = None
    outputs: tuple[OutputRecord, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


def verify(project: Project, claim: Claim, isolation: IsolationChoice, say: Say) -> Verification:
    """Run the artifact on its target and compare its answer with the reference.

    Raise ConfigurationError when the inputs are not the artifact's, EnvironmentFailed.
    """
    with inspecting(project, isolation, claim.timeout_s, say) as inspector:
        return verify_in(inspector, claim)


def verify_in(inspector: Inspector, claim: Claim) -> Verification:
    """Do the same for one of many claims that share their workers."""
    _, target = locate(inspector.project, claim.artifact, claim.target)
    artifact = inspector.describe(claim.artifact, target.name, claim.signature)
    if isinstance(artifact, Failed):
        return _failed(inspector, claim, target, artifact)
    require_outputs(claim.constant, claim.reference[0])
    require_inputs(claim.ranges, claim.inputs[0])
    require_within(claim.ranges, claim.inputs)
    input_names, lost = _pair_inputs(claim, artifact)
    output_names = pair_names("output", claim.reference[0], artifact.outputs, claim.mapping)
    samples = [{own: sample[name] for name, own in input_names.items()} for sample in claim.inputs]
    answer = inspector.run(artifact, samples, list(output_names.values()))
    if isinstance(answer, Failed):
        return _failed(inspector, claim, target, answer)
    lookups = lookups_of(artifact, {own: name for name, own in input_names.items()})
    inputs = given_inputs(claim.inputs, claim.ranges, lookups, unread_in([artifact]))
    inputs = without(inputs, dict.fromkeys(lost, claim.artifact))
    problem = unproven(claim.reference, claim.constant)
    if problem:
        nothing = Failed(outcome="reference_failed", stage="reference", detail=problem, blame=None)
        return _failed(inspector, claim, target, nothing, inputs)
    limit = default_limit(target, artifact.dtypes) if claim.limit is None else claim.limit
    names = {own: name for name, own in output_names.items()}
    comparison = compare_answers(answer.under(names), claim.reference, artifact.outputs_under(names), limit)
    return Verification(
        artifact=str(claim.artifact),
        target=target.name,
        isolation=inspector.isolation,
        outcome=comparison.outcome,
        stage=None if comparison.outcome == "passed" else "compare",
        detail=comparison.detail,
        inputs=inputs,
        limit=limit,
        outputs=output_records(comparison),
        versions=artifact.versions,
    )


def _pair_inputs(claim: Claim, artifact: InspectedArtifact) -> tuple[dict[str, str], list[str]]:
    """Return for each of the user's inputs the artifact's own name, and those inputs that the artifact lacks.

    Raise ConfigurationError for an input that the user does not give, and where what is lacking never varies: then
    equal answers do not show that it has no influence.
    """
    pairs, lost, beyond = split_names("input", claim.inputs[0], artifact.inputs, claim.mapping)
    if beyond:
        require_same("inputs", pairs, artifact.inputs)
    still = constant_inputs(claim.inputs, lost)
    if still:
        raise ConfigurationError(
            f"{claim.artifact} has no input {', '.join(still)}, which is the same in all samples; give --inputs in "
            "which it varies, which shows whether it matters, or leave it out"
        )
    return pairs, lost


def _failed(
    inspector: Inspector, claim: Claim, target: Target, failed: Failed, inputs: InputsRecord | None = None
) -> Verification:
    return Verification(
        artifact=str(claim.artifact),
        target=target.name,
        isolation=inspector.isolation,
        outcome=failed.outcome,
        stage=failed.stage,
        detail=failed.detail,
        inputs=inputs,
    )
