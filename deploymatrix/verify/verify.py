"""`verify`: an artifact that somebody else made, against inputs and reference outputs that somebody else computed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import Field

from deploymatrix.execution.outcomes import Failed
from deploymatrix.matrix.records import Frozen, Outcome, OutputRecord, Stage
from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project, Target
from deploymatrix.project.specs import Isolation, Tensor
from deploymatrix.say import Say
from deploymatrix.verify.artifacts import Answer, Slot
from deploymatrix.verify.inspector import Inspector, Isolations, inspecting
from deploymatrix.verify.location import locate
from deploymatrix.verify.pairing import pair_names, require_same
from deploymatrix.verify.wire import wire_names


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is to be verified: `artifact` answers `inputs` with `reference`, both by the user's names."""

    artifact: Path
    target: str | None
    inputs: Mapping[str, Array]
    reference: Mapping[str, Array]
    mapping: Mapping[str, str] = field(default_factory=dict)
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
    limit: float | None = None
    outputs: tuple[OutputRecord, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


def verify(project: Project, claim: Claim, isolation: Isolations, say: Say) -> Verification:
    """Run the artifact on its target and compare its answer with the reference.

    Raise ConfigurationError when the inputs are not the artifact's, EnvironmentFailed.
    """
    with inspecting(project, isolation, claim.timeout_s, say) as inspector:
        return verify_in(inspector, claim)


def verify_in(inspector: Inspector, claim: Claim) -> Verification:
    """Do the same for one of many claims that share their workers."""
    _, target = locate(inspector.project, claim.artifact, claim.target)
    artifact = inspector.describe(claim.artifact, target.name)
    if isinstance(artifact, Failed):
        return _failed(inspector, claim, target, artifact)
    input_names = pair_names("input", claim.inputs, artifact.inputs, claim.mapping)
    require_same("inputs", input_names, artifact.inputs)
    output_names = pair_names("output", claim.reference, artifact.outputs, claim.mapping)
    sample = {input_names[name]: array for name, array in claim.inputs.items()}
    answer = inspector.run(artifact, [sample], list(output_names.values()))
    if isinstance(answer, Failed):
        return _failed(inspector, claim, target, answer)
    limit = default_limit(target) if claim.limit is None else claim.limit
    names = {own: name for name, own in output_names.items()}
    comparison = compare_answers(answer.under(names), [claim.reference], artifact.outputs_under(names), limit)
    return Verification(
        artifact=str(claim.artifact),
        target=target.name,
        isolation=inspector.isolation,
        outcome=comparison.outcome,
        stage=None if comparison.outcome == "passed" else "compare",
        detail=comparison.detail,
        limit=limit,
        outputs=output_records(comparison),
        versions=artifact.versions,
    )


def default_limit(target: Target) -> float:
    """Return the target's limit for fp32, or its strictest when it has none."""
    limits = target.spec.limits
    return limits.get("fp32", min(limits.values()))


def compare_answers(
    actual: Answer, reference: Sequence[Mapping[str, Array]], slots: Mapping[str, Slot], limit: float
) -> Comparison:
    """Compare as the matrix does; answers and references (a dict for each sample) bear the same names."""
    names = wire_names(reference[0])
    declared = tuple(_declared(wire, reference[0][name], slots.get(name)) for name, wire in names.items())
    back = {wire: name for name, wire in names.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for index, (answered, expected) in enumerate(zip(actual.outputs, reference, strict=True)):
            _write_sample(root, index, names, answered, expected)
        answers = Answers(
            actual=root / "actual",
            reference=root / "reference",
            samples=len(reference),
            declared=declared,
            missing=actual.missing,
            extra=actual.extra,
        )
        found = compare(answers, limit)
    outputs = tuple(replace(output, name=back[output.name]) for output in found.outputs)
    detail = "; ".join(f"{o.name}: {o.problem}" for o in outputs if o.problem) or found.detail
    return Comparison(outcome=found.outcome, detail=detail, outputs=outputs)


def output_records(comparison: Comparison) -> tuple[OutputRecord, ...]:
    """Return the comparison's figures as records."""
    return tuple(OutputRecord.model_validate(asdict(figures)) for figures in comparison.outputs)


def _failed(inspector: Inspector, claim: Claim, target: Target, failed: Failed) -> Verification:
    return Verification(
        artifact=str(claim.artifact),
        target=target.name,
        isolation=inspector.isolation,
        outcome=failed.outcome,
        stage=failed.stage,
        detail=failed.detail,
    )


def _declared(wire: str, expected: Array, slot: Slot | None) -> Tensor:
    """Declare the reference's shape and dtype; but the artifact's own width, where both are floats or both integers."""
    own = np.dtype(slot.dtype) if slot and slot.dtype else expected.dtype
    same_kind = own.kind == expected.dtype.kind or {own.kind, expected.dtype.kind} == {"i", "u"}
    dtype = own if same_kind else expected.dtype
    return Tensor.model_construct(name=wire, dtype=dtype.name, shape=expected.shape)  # sizes of 0 are fine here


def _write_sample(
    root: Path, index: int, names: Mapping[str, str], actual: Mapping[str, Array], expected: Mapping[str, Array]
) -> None:
    for side in ("actual", "reference"):
        (root / side / str(index)).mkdir(parents=True)
    for name, array in actual.items():
        np.save(root / "actual" / str(index) / f"{names[name]}.npy", array, allow_pickle=False)
    for name, array in expected.items():
        wide, narrow = (array.astype(np.float64), array.astype(np.float32)) if array.dtype.kind == "f" else (array,) * 2
        np.save(root / "reference" / str(index) / f"{names[name]}.float64.npy", wide, allow_pickle=False)
        np.save(root / "reference" / str(index) / f"{names[name]}.float32.npy", narrow, allow_pickle=False)
