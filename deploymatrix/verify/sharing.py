"""The inputs on which two artifacts are compared: the user's, or drawn from what both tell of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.tensors import Array
from deploymatrix.verify.artifacts import InspectedArtifact, Sample, Slot
from deploymatrix.verify.dims import corners, free_dims, joined, named, taken
from deploymatrix.verify.drawing import draw_inputs
from deploymatrix.verify.dtypes import narrowest
from deploymatrix.verify.known import InputsRecord, drawn_inputs, given_inputs, lookups_of, unread_in
from deploymatrix.verify.pairing import require_same, split_names
from deploymatrix.verify.ranges import Draw, Range, plan_draws, require_inputs, require_within


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two artifacts. `mapping`: the first one's name → the second one's, where they differ.

    `inputs`: samples, by the first one's names; None: drawn from its signature and `seed`, as many as `samples` says.
    `ranges` by the first one's names. `constant`: outputs, by these too, that may be the same for all samples.
    `dims`: sizes of free axes. An input that only the second one has goes by its own name.
    """

    first: Path
    second: Path
    first_target: str | None = None
    second_target: str | None = None
    first_signature: str | None = None
    second_signature: str | None = None
    inputs: Sequence[Mapping[str, Array]] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    dims: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    seed: int = 0
    samples: int | None = None  # None: as many as it takes to touch every row of a lookup, 4 to 64
    limit: float | None = None  # None: the sum of both targets' own, since both may be off
    timeout_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class SharedInputs:
    """Samples by shared names, for each artifact its own name of those inputs that it has, and what is known."""

    samples: list[Sample]
    first_names: dict[str, str]
    second_names: dict[str, str]
    record: InputsRecord

    def lost_by(self, names: Mapping[str, str]) -> list[str]:
        """Return the inputs that only the other artifact has; `names` are one artifact's."""
        return [name for name in {**self.first_names, **self.second_names} if name not in names]


def own_samples(samples: Sequence[Sample], names: Mapping[str, str]) -> list[Sample]:
    """Return the samples with those inputs that an artifact has, by its own names."""
    return [{own: sample[name] for name, own in names.items()} for sample in samples]


def share_inputs(pair: Pair, first: InspectedArtifact, second: InspectedArtifact) -> SharedInputs:
    """Take the user's inputs, or draw them; raise ConfigurationError where they are not the inputs of both."""
    if first.inputs is None and pair.inputs is None:
        raise ConfigurationError(f"{pair.first}: does not tell its inputs; give --inputs in.npz")
    names = list(first.inputs if first.inputs is not None else (pair.inputs or [{}])[0])
    second_names, _, beyond = split_names("input", names, second.inputs, pair.mapping)
    first_names = {name: name for name in names}
    second_names |= {own: own for own in beyond}
    require_inputs(pair.ranges, [*names, *beyond])
    slots = _slots(pair, first, second, second_names)
    tables = lookups_of(first, first_names) + lookups_of(second, {own: name for name, own in second_names.items()})
    unread = unread_in([first, second])
    if pair.inputs is None:
        dims = free_dims(slots, pair.dims)
        draws = _rounded(plan_draws(slots, pair.ranges, tables), first, second, second_names)
        sizes = corners(dims)
        samples = draw_inputs(draws, pair.seed, pair.samples, sizes)
        record = drawn_inputs(samples, draws, tables, unread, taken(dims, sizes[: len(samples)]))
    else:
        samples = _given(pair, first, slots, beyond)
        require_within(pair.ranges, samples)
        record = given_inputs(samples, pair.ranges, tables, unread)
    return SharedInputs(samples=[*samples], first_names=first_names, second_names=second_names, record=record)


def _slots(
    pair: Pair, first: InspectedArtifact, second: InspectedArtifact, second_names: Mapping[str, str]
) -> dict[str, Slot]:
    """Return the inputs of both, by shared names; each free axis has a name."""
    others = second.inputs or {}
    theirs = {name: others[own] for name, own in second_names.items() if own in others}
    return joined(named(first.inputs or {}, pair.dims), named(theirs, pair.dims), pair.dims)


def _rounded(
    draws: Mapping[str, Draw], first: InspectedArtifact, second: InspectedArtifact, second_names: Mapping[str, str]
) -> dict[str, Draw]:
    """Let both artifacts get the same values where one takes narrower floats than the other."""
    found = {}
    for name, draw in draws.items():
        slots = [(first.inputs or {}).get(name), (second.inputs or {}).get(second_names.get(name, ""))]
        least = narrowest(slot.dtype for slot in slots if slot)
        found[name] = replace(draw, rounded_to=least) if least not in (None, draw.dtype) else draw
    return found


def _given(
    pair: Pair, first: InspectedArtifact, slots: Mapping[str, Slot], beyond: Sequence[str]
) -> list[dict[str, Array]]:
    """Return the user's samples; what only the second artifact has is drawn where the user does not give it."""
    assert pair.inputs is not None
    if pair.dims:
        raise ConfigurationError("--dim is for inputs that are drawn; those of --inputs have their sizes")
    given = [dict(sample) for sample in pair.inputs]
    require_same("inputs", {name: name for name in given[0] if name not in beyond}, first.inputs)
    absent = {name: slots[name] for name in beyond if name not in given[0]}
    if absent:
        dims = free_dims(absent, {})
        drawn = draw_inputs(plan_draws(absent, pair.ranges, []), pair.seed, len(given), corners(dims)[:1])
        given = [{**sample, **more} for sample, more in zip(given, drawn, strict=True)]
    return given
