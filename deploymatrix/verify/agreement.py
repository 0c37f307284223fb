"""`compare`: whether two artifacts of one model answer alike; the first one's answers are the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.outcomes import Failed
from deploymatrix.matrix.records import Outcome, OutputRecord, Stage
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project
from deploymatrix.project.specs import Isolation
from deploymatrix.say import Say
from deploymatrix.verify.artifacts import Answer, Artifact, Slot
from deploymatrix.verify.inspector import Inspector, Isolations, inspecting
from deploymatrix.verify.location import locate
from deploymatrix.verify.pairing import pair_names, require_same
from deploymatrix.verify.verify import compare_answers, default_limit, output_records

SAMPLES = 4
# What is drawn for integers, low to high, high excluded: bytes are pixels; others may be token numbers or masks, for
# which 0 and 1 are always in range.
RANGES = {"uint8": (0, 256), "int8": (-128, 128)}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two artifacts. `mapping`: the first one's name → the second one's, where they differ.

    `inputs` by the first one's names; None: drawn from its signature, four samples from `seed`.
    """

    first: Path
    second: Path
    first_target: str | None = None
    second_target: str | None = None
    inputs: Mapping[str, Array] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    limit: float | None = None  # None: the sum of both targets' own, since both may be off
    timeout_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What came of it. `passed`: every output agrees. `failed_artifact`: the one that did not even run."""

    first: str
    second: str
    targets: tuple[str, str]
    isolation: Isolation
    outcome: Outcome
    stage: Stage | None = None
    detail: str = ""
    failed_artifact: str | None = None
    samples: int = 0
    limit: float | None = None
    outputs: tuple[OutputRecord, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "outputs": [output.model_dump(mode="json") for output in self.outputs]}


def compare_artifacts(project: Project, pair: Pair, isolation: Isolations, say: Say) -> Agreement:
    """Run both on the same inputs and compare output by output.

    Raises ConfigurationError when names cannot be paired or inputs cannot be drawn, EnvironmentFailed.
    """
    targets = [
        locate(project, p, t)[1] for p, t in ((pair.first, pair.first_target), (pair.second, pair.second_target))
    ]
    limit = sum(map(default_limit, targets)) if pair.limit is None else pair.limit
    with inspecting(project, isolation, pair.timeout_s, say) as inspector:
        base: dict[str, Any] = {
            "first": str(pair.first),
            "second": str(pair.second),
            "targets": (targets[0].name, targets[1].name),
            "isolation": inspector.isolation,
        }
        return Agreement(**base, **_compared(inspector, pair, [t.name for t in targets], limit))


def draw_inputs(slots: Mapping[str, Slot], seed: int, samples: int = SAMPLES) -> list[dict[str, Array]]:
    """Inputs for a signature: floats are normal, booleans even; a batch size that varies is 1.

    Raises ConfigurationError where dtype or shape is not told.
    """
    for name, slot in slots.items():
        if slot.dtype is None or slot.shape is None or None in slot.shape[1:]:
            raise ConfigurationError(f"input {name} is {slot}: nothing can be drawn for it; give --inputs in.npz")
    drawn = []
    for index in range(samples):
        generator = np.random.default_rng([seed, index])
        drawn.append({name: _draw(slot, generator) for name, slot in slots.items()})
    return drawn


def _compared(inspector: Inspector, pair: Pair, targets: Sequence[str], limit: float) -> dict[str, Any]:
    described = []
    for path, target in zip((pair.first, pair.second), targets, strict=True):
        found = inspector.describe(path, target)
        if isinstance(found, Failed):
            return _failed(path, found)
        described.append(found)
    first, second = described
    samples, taken = _inputs(pair, first, second)
    given = _outputs(pair, first, second)
    reference = inspector.run(first, samples, list(given))
    if isinstance(reference, Failed):
        return _failed(pair.first, reference)
    if reference.missing or reference.extra:
        raise ConfigurationError(f"{pair.first}: answers with other outputs than it tells: {reference.extra}")
    renamed = [{taken[name]: array for name, array in sample.items()} for sample in samples]
    answer = inspector.run(second, renamed, list(given.values()))
    if isinstance(answer, Failed):
        return _failed(pair.second, answer)
    return {**_agreement(reference, answer, given, second, limit), "samples": len(samples), "limit": limit}


def _agreement(
    reference: Answer, answer: Answer, given: Mapping[str, str], second: Artifact, limit: float
) -> dict[str, Any]:
    names = {own: name for name, own in given.items()}
    slots = {names.get(own, own): slot for own, slot in (second.outputs or {}).items()}
    outputs = tuple({names[own]: array for own, array in sample.items()} for sample in answer.outputs)
    renamed = Answer(outputs=outputs, missing=tuple(names[own] for own in answer.missing), extra=answer.extra)
    found = compare_answers(renamed, reference.outputs, slots, limit)
    stage = None if found.outcome == "passed" else "compare"
    return {"outcome": found.outcome, "stage": stage, "detail": found.detail, "outputs": output_records(found)}


def _inputs(pair: Pair, first: Artifact, second: Artifact) -> tuple[list[dict[str, Array]], dict[str, str]]:
    """Samples by the first one's names, and for each name the second one's."""
    told = first.inputs
    if told is None and pair.inputs is None:
        raise ConfigurationError(f"{pair.first}: does not tell its inputs; give --inputs in.npz")
    names = list(pair.inputs or {}) if told is None else list(told)
    taken = pair_names("input", names, second.inputs, pair.mapping)
    require_same("inputs", taken, second.inputs)
    if pair.inputs is None:
        assert told is not None
        slots = {name: _both(slot, (second.inputs or {}).get(taken[name], Slot())) for name, slot in told.items()}
        return draw_inputs(slots, pair.seed), taken
    require_same("inputs", {name: name for name in pair.inputs}, told)
    return [dict(pair.inputs)], taken


def _outputs(pair: Pair, first: Artifact, second: Artifact) -> dict[str, str]:
    """For each output of the first one the second one's name."""
    if first.outputs is None and second.outputs is None:
        raise ConfigurationError(f"neither {pair.first} nor {pair.second} tells its outputs")
    back = {own: name for name, own in pair.mapping.items()}
    names = [back.get(own, own) for own in second.outputs or {}] if first.outputs is None else list(first.outputs)
    given = pair_names("output", names, second.outputs, pair.mapping)
    require_same("outputs", given, second.outputs)
    return given


def _both(first: Slot, second: Slot) -> Slot:
    """What the two tell together: a dtype or size that one leaves open is the other's."""
    if first.shape is None or second.shape is None or len(first.shape) != len(second.shape):
        shape = second.shape if first.shape is None else first.shape
    else:
        shape = tuple(b if a is None else a for a, b in zip(first.shape, second.shape, strict=True))
    return Slot(dtype=first.dtype or second.dtype, shape=shape)


def _draw(slot: Slot, generator: np.random.Generator) -> Array:
    assert slot.dtype is not None and slot.shape is not None
    dtype, shape = np.dtype(slot.dtype), [1 if size is None else size for size in slot.shape]
    if dtype.kind == "f":
        return np.asarray(generator.standard_normal(shape).astype(dtype))
    low, high = RANGES.get(slot.dtype, (0, 2))
    return np.asarray(generator.integers(low, high, shape).astype(dtype))


def _failed(path: Path, failed: Failed) -> dict[str, Any]:
    return {
        "outcome": failed.outcome,
        "stage": failed.stage,
        "detail": failed.detail,
        "failed_artifact": str(path),
    }
