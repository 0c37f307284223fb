"""Whether a reference proves anything: the same again, declared shapes, finite values, and outputs that vary between
samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .differences import relative_error
from .outliers import expected_values, far_out
from .ragged import fits, is_ragged
from .shapes import listed
from .tensors import Array, Declared, equally_finite, is_exact, load

# Share of an output's size by which it must vary between samples. A random MobileNetV2 whose signal has collapsed
# varies by less than 1e-6; the reference models vary by 0.1 and more.
LEAST_VARIATION = 0.01

# How far an output, computed again, may be from the first time, as a share of its size. Not a single bit would be too
# strict: threads may add a sum up in another order. That moves an output by about its own rounding error: in float64
# 1e-16 to 1e-13 for models that can be judged at all, in float32 1e-7 to 3e-5. Random operators, state and unset memory
# move it by 1e-3 and more as a rule; down to 1e-9, which is 100 times below the strictest limit, float64 finds them.
REPEATS_WITHIN = {"float64": 1e-9, "float32": 1e-4}


def reference_problem(
    outputs: Iterable[Declared], samples: int, folder: Path, yardstick: str = "float64"
) -> str | None:
    """Return why the outputs in `folder` (<i>/<output>.float64.npy, .float32.npy) prove nothing; None if they do.

    <i>/<output>.float64.again.npy and .float32.again.npy hold what came out otherwise the second time. `yardstick`: the
    dtype in which those of float64 were truly computed.
    """
    outputs = list(outputs)
    for output in outputs:
        for dtype in REPEATS_WITHIN:
            allowed = REPEATS_WITHIN[yardstick if dtype == "float64" else dtype]
            problem = _repeat_problem(output, samples, dtype, allowed, folder)
            if problem:
                return f"not deterministic: {problem}"
    for output in outputs:
        exact = [load(folder / str(sample) / f"{output.name}.float64.npy") for sample in range(samples)]
        eager = [load(folder / str(sample) / f"{output.name}.float32.npy") for sample in range(samples)]
        problem = (
            _declaration_problem(output, eager)
            or _rows_problem(output, exact, folder)
            or _finiteness_problem(exact, eager)
            or _choice_problem(output, exact, eager)
            or _collapse_problem(output, exact, eager)
        )
        if problem:
            return f"output {output.name}: {problem}"
    return None


def variation(outputs: list[Array]) -> float:
    """Return the largest standard deviation of an element between samples, over the largest magnitude of any."""
    stacked = np.stack([output.astype(np.float64) for output in outputs])
    scale = float(np.abs(stacked).max())
    return float(stacked.std(axis=0).max()) / scale if scale > 0 else 0.0


def _variation_in_range(exact: list[Array], eager: list[Array]) -> float:
    """Return the variation of the values that no sample masks; where there are none, that of the masks."""
    expected = np.stack([expected_values(*pair) for pair in zip(exact, eager, strict=True)])
    ordinary = np.isfinite(expected) & ~far_out(expected)
    everywhere = ordinary.all(axis=0)
    return variation([*(expected[:, everywhere] if everywhere.any() else ordinary)])


def _repeat_problem(output: Declared, samples: int, dtype: str, allowed: float, folder: Path) -> str | None:
    for sample in range(samples):
        again = folder / str(sample) / f"{output.name}.{dtype}.again.npy"
        if again.is_file():
            problem = _difference(load(folder / str(sample) / f"{output.name}.{dtype}.npy"), load(again), allowed)
            if problem:
                return f"output {output.name} of sample {sample}, computed again in {dtype}, {problem}"
    return None


def _difference(first: Array, again: Array, allowed: float) -> str | None:
    if first.shape != again.shape:
        return (
            f"has the shape {list(again.shape)}, at first {list(first.shape)}; a model must give equal inputs one shape"
        )
    if not equally_finite(first, again):
        return "is NaN or infinite elsewhere: the model reads memory that it has not set (torch.empty), or is random"
    _, error = relative_error(again, first)
    if error <= (0.0 if is_exact(first.dtype.name) else allowed):
        return None
    return (
        f"differs by {error:.2g} of its size: the model draws random numbers, has dropout left on, keeps state between "
        "calls or reads memory that it has not set; a model must answer equal inputs equally"
    )


def _declaration_problem(output: Declared, eager: list[Array]) -> str | None:
    for array in eager:
        if not fits(array.shape, output) or array.dtype != np.dtype(output.dtype):
            return (
                f"the model gives {array.dtype}{list(array.shape)}, model.toml declares "
                f"{output.dtype}{listed(output.shape)}; correct model.toml"
            )
        most = output.shape[0] if is_ragged(output) else None
        if isinstance(most, int) and len(array) > most:
            return f"the model gives {len(array)} rows, model.toml declares at most {most}; correct model.toml"
    return None


def _rows_problem(output: Declared, exact: list[Array], folder: Path) -> str | None:
    """Return why the rows of a ragged output are no reference: too few, or as many only by luck.

    Where float32 gives more or fewer of them than float64, a value lies nearer to the model's threshold than float32
    can tell, and no runtime can be held to either number.
    """
    if not is_ragged(output):
        return None
    if sum(len(array) > 0 for array in exact) < 2:
        return "fewer than two samples give a row, so nothing can be compared; change the samples or the threshold"
    for sample, array in enumerate(exact):
        for path in sorted((folder / str(sample)).glob(f"{output.name}.float32*.npy")):
            found = load(path)
            if path.name.endswith(".again.npy") or len(found) == len(array):
                continue
            return (
                f"sample {sample} gives {len(array)} rows in float64 and {len(found)} in float32: a value lies on the "
                "threshold, nearer than float32 can tell; change the samples (another seed) or the threshold"
            )
    return None


def _choice_problem(output: Declared, exact: list[Array], eager: list[Array]) -> str | None:
    """Return where float64 and float32 choose otherwise, as an argmax over values that float32 cannot tell apart.

    Such an answer is compared exactly, and no runtime could be held to either choice.
    """
    if not is_exact(output.dtype) or is_ragged(output):
        return None
    for sample, (chosen, found) in enumerate(zip(exact, eager, strict=True)):
        if not np.array_equal(chosen, found):
            at = [int(i) for i in np.argwhere(chosen != found)[0]]
            return (
                f"sample {sample} is {chosen[tuple(at)]} in float64 and {found[tuple(at)]} in float32, at {at}: the "
                "values between which the model chooses are nearer than float32 can tell; change the samples (another "
                "seed) or the weights"
            )
    return None


def _finiteness_problem(exact: list[Array], eager: list[Array]) -> str | None:
    """Allow an infinity on which float64 and eager float32 agree: it is a convention, such as a mask. NaN is none."""
    for reference, answer in zip(exact, eager, strict=True):
        if is_exact(answer.dtype.name):
            continue
        expected, found = expected_values(reference, answer), answer.astype(np.float64)
        if np.isnan(expected).any() or np.isnan(found).any():
            return "holds NaN, so nothing can be compared; change the samples or the model"
        lost = np.isinf(reference) & (found != reference)
        if lost.any() or (np.isinf(found) & (found != expected)).any():
            return "holds an infinity in float64 or eager float32 alone; change the samples or the model"
    return None


def _collapse_problem(output: Declared, exact: list[Array], eager: list[Array]) -> str | None:
    if is_ragged(output):
        exact, eager = _common_rows(exact), _common_rows(eager)
    pairs = _alike(exact, eager)
    found = max(
        variation(exact) if is_exact(output.dtype) else _variation_in_range(exact, eager) for exact, eager in pairs
    )
    varies = found >= LEAST_VARIATION or (is_exact(output.dtype) and found > 0)
    if getattr(output, "constant", None):
        return f"varies by {found:.2g} of its size, and is declared constant: remove constant" if varies else None
    if varies:
        return None
    return (
        f"varies between samples by only {found:.1e} of its size (at least {LEAST_VARIATION} is needed): a model "
        "that answers the same to everything proves nothing. What helps: calibrate = true where weights are random, "
        'another initialisation, or samples that differ more; constant = "why" on this output where it may be so, and '
        "others vary"
    )


def _common_rows(arrays: list[Array]) -> list[Array]:
    """Return of each sample with rows the first ones, as many as all of these have."""
    some = [array for array in arrays if len(array)]
    return [array[: min(map(len, some))] for array in some]


def _alike(exact: list[Array], eager: list[Array]) -> list[tuple[list[Array], list[Array]]]:
    """Return the samples of each size that several have: only these can be held against each other.

    Where no two samples are of one size, each is cut to what all have.
    """
    by_shape: dict[tuple[int, ...], tuple[list[Array], list[Array]]] = {}
    for pair in zip(exact, eager, strict=True):
        for group, array in zip(by_shape.setdefault(pair[0].shape, ([], [])), pair, strict=True):
            group.append(array)
    several = [group for group in by_shape.values() if len(group[0]) > 1 or len(exact) == 1]
    inside = tuple(slice(min(sizes)) for sizes in zip(*by_shape, strict=True))
    return several or [([array[inside] for array in exact], [array[inside] for array in eager])]
