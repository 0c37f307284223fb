"""Compare answers in memory as the matrix compares its own, which lie in files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.numerics.limits import given
from deploymatrix.numerics.shapes import Shape
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.model_specs import Tensor
from deploymatrix.project.targets import Target
from deploymatrix.verify.artifacts import Answer, Slot
from deploymatrix.verify.dtypes import STEPS, carried, narrowest
from deploymatrix.verify.wire import wire_names

# Eager float32 is off by 4e-8 to 1.5e-6 for most models; five times the shipped floor is 1e-5.
FLOORS = 5.0


def compare_answers(
    actual: Answer, reference: Sequence[Mapping[str, Array]], slots: Mapping[str, Slot], limit: float
) -> Comparison:
    """Compare as the matrix does; answers and references (a dict for each sample) bear the same names."""
    names = wire_names(reference[0])
    declared = tuple(
        _declared(wire, [sample[name] for sample in reference], _told(actual, name, slots))
        for name, wire in names.items()
    )
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
        found = compare(answers, given(limit))
    outputs = tuple(replace(output, name=back[output.name]) for output in found.outputs)
    detail = "; ".join(f"{o.name}: {o.problem}" for o in outputs if o.problem) or found.detail
    return Comparison(outcome=found.outcome, detail=detail, outputs=outputs)


def output_records(comparison: Comparison) -> tuple[OutputRecord, ...]:
    """Return the comparison's figures as records."""
    return tuple(OutputRecord.model_validate(asdict(figures)) for figures in comparison.outputs)


def default_limit(target: Target, dtypes: Iterable[str | None] = ()) -> float:
    """Return what the target allows where eager's answers are not known: a few times its least limit for fp32.

    Its least of all when it has none for fp32. `dtypes`: of the artifact's inputs and outputs; where these are narrower
    than float32, a few of that dtype's own steps.
    """
    limits = target.spec.limits
    own = FLOORS * (limits["fp32"] if "fp32" in limits else min(limits.values(), key=lambda one: one.floor)).floor
    return max(own, FLOORS * STEPS.get(narrowest(dtypes) or "", 0.0))


def _told(actual: Answer, name: str, slots: Mapping[str, Slot]) -> str | None:
    """Return the output's dtype as the artifact tells it; where it tells none, as TorchScript, that of its answer."""
    slot = slots.get(name)
    if slot and slot.dtype:
        return carried(slot.dtype)
    return next((sample[name].dtype.name for sample in actual.outputs if name in sample), None)


def _declared(wire: str, references: Sequence[Array], told: str | None) -> Tensor:
    """Declare the reference's shape and dtype; but the artifact's own width, where both are floats or both integers.

    A size that is not the same in all samples is declared as None.
    """
    expected = references[0]
    own = np.dtype(told) if told else expected.dtype
    same_kind = own.kind == expected.dtype.kind or {own.kind, expected.dtype.kind} == {"i", "u"}
    dtype = own if same_kind else expected.dtype
    return Tensor.model_construct(name=wire, dtype=dtype.name, shape=_shape(references))  # sizes of 0 are fine here


def _shape(references: Sequence[Array]) -> Shape:
    if len({array.ndim for array in references}) > 1:
        return references[0].shape
    sizes = zip(*(array.shape for array in references), strict=True)
    return tuple(one[0] if len(set(one)) == 1 else None for one in sizes)


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
