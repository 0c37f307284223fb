"""Whether answers prove anything: an artifact that answers NaN, or the same to everything, agrees with a broken one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.references import LEAST_VARIATION, variation
from deploymatrix.numerics.tensors import Array, is_exact
from deploymatrix.project.nearest import nearest

REMEDY = "give other --inputs or a --range"


def unproven(answers: Sequence[Mapping[str, Array]], constant: Collection[str] = ()) -> str | None:
    """Return which outputs prove nothing, and why; None if all prove something. `answers`: a dict for each sample.

    `constant`: outputs that may be the same everywhere, as the user says; even these must hold a finite number.
    """
    problems = []
    for name in answers[0]:
        problem = _problem([answer[name] for answer in answers], may_be_constant=name in constant)
        if problem:
            problems.append(f"{name}: {problem}")
    return "; ".join(problems) or None


def require_outputs(constant: Collection[str], names: Iterable[str]) -> None:
    """Raise ConfigurationError for a --constant that is no output."""
    known = list(names)
    for name in constant:
        if name not in known:
            raise ConfigurationError(f"--constant {name}: there is no such output; {nearest(name, known)}")


def _problem(arrays: list[Array], *, may_be_constant: bool) -> str | None:
    if not all(array.size for array in arrays):
        return None  # there is nothing in an empty tensor
    if len({array.shape for array in arrays}) > 1:
        return _problem_by_size(arrays, may_be_constant=may_be_constant)
    finite = np.all([np.isfinite(array) for array in arrays], axis=0)
    if not finite.any():
        return f"no element is finite in all samples, so nothing is compared; {REMEDY}, or mend the model"
    if may_be_constant:
        return None
    if len(arrays) == 1:
        only = arrays[0]
        if only.size > 1 and np.array_equal(only, np.full_like(only, only.flat[0]), equal_nan=only.dtype.kind == "f"):
            return f"{only.flat[0]} in all {only.size} elements, {_nothing()}"
        return None
    return _collapse([array[finite] for array in arrays])


def _problem_by_size(arrays: list[Array], *, may_be_constant: bool) -> str | None:
    """Judge the samples of each size by themselves: of free axes, and of outputs whose size depends on the data.

    Each size must hold finite numbers. That the answers vary must show in one of those that several samples have; where
    each sample has a size of its own, something depends on the input, unless all values are one number.
    """
    sizes: dict[tuple[int, ...], list[Array]] = {}
    for array in arrays:
        sizes.setdefault(array.shape, []).append(array)
    several = [alike for alike in sizes.values() if len(alike) > 1]
    for alike in several:
        problem = _problem(alike, may_be_constant=True)
        if problem:
            return f"{problem} (of size {list(alike[0].shape)})"
    problems = [_problem(alike, may_be_constant=may_be_constant) for alike in several]
    if problems and all(problems):
        return f"{problems[0]} (of size {list(several[0][0].shape)}, and so each size)"
    values = np.unique(np.concatenate([array.ravel() for array in arrays]))  # NaN counts once
    if values.size == 1 and not (may_be_constant and np.isfinite(values[0])):
        return f"{values[0]} in all elements of all samples, {_nothing()}"
    return None


def _collapse(arrays: list[Array]) -> str | None:
    """Judge elements that differ between samples; those that never do, as masked ones, set nobody's scale."""
    differs = np.any([array != arrays[0] for array in arrays], axis=0)
    if not differs.any():
        return f"the same in all {len(arrays)} samples, {_nothing()}"
    found = variation([array[differs] for array in arrays])
    if found < LEAST_VARIATION and not is_exact(arrays[0].dtype.name):
        least = f"at least {LEAST_VARIATION} is needed"
        return f"varies between samples by only {found:.1e} of its size ({least}), {_nothing()}"
    return None


def _nothing() -> str:
    return f"so agreement proves nothing; {REMEDY}, or --constant with its name if it must be so"
