"""Cases that nobody thought of, in the form of comparison.json: the same for the same number."""

from __future__ import annotations

from typing import Any

import numpy as np

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int32", "int64", "bool")
SPECIAL = ("NaN", "Infinity", "-Infinity", "-0", 0, 1)
SIZE = 3


def drawn_case(number: int, limit: float) -> dict[str, Any]:
    """One output of one sample: often of the reference's own kind, and often right in some places."""
    generator = np.random.default_rng(number)
    dtype = str(generator.choice([*FLOATS, *INTEGERS]))
    reference = _reference_dtype(dtype, generator)
    expected, answer = _values(reference, generator), _values(dtype, generator)
    if reference == dtype or (dtype, reference) == ("float32", "float64"):
        right = generator.random(SIZE) < 0.7
        answer = [e if r else a for r, e, a in zip(right, expected, answer, strict=True)]
    pair = {"actual": {"dtype": dtype, "values": answer}, "reference": {"dtype": reference, "values": expected}}
    declared = [{"name": "y", "dtype": dtype, "shape": [SIZE]}]
    return {"name": str(number), "limit": limit, "declared": declared, "samples": [{"y": pair}]}


def drawn_slices(number: int) -> dict[str, Any]:
    """Two samples of one output with two or three axes: parts of other scales, eager answers, sometimes masks."""
    generator = np.random.default_rng(number)
    shape = tuple(int(size) for size in generator.integers(1, 5, generator.integers(1, 4)))
    scales = 10.0 ** generator.integers(-3, 4, shape[-1])
    off = 10.0 ** generator.integers(-7, -2)
    limits = {"multiple": 12, "floor": 2e-6, "ceiling": 5e-4, "error": 1e-4 if generator.random() < 0.2 else None}
    declared = [{"name": "y", "dtype": "float32", "shape": list(shape)}]
    samples = [{"y": _slices(generator, shape, scales, off)} for _ in range(2)]
    return {"name": f"slices {number}", "limits": limits, "declared": declared, "samples": samples}


def drawn_noise(number: int) -> dict[str, Any]:
    """Samples of one quantised output: a graph that lost more or less, and a runtime that is more or less faithful."""
    generator = np.random.default_rng(number)
    shape = tuple(int(size) for size in generator.integers(1, 6, generator.integers(1, 4)))
    lost, off, flipped = 10.0 ** generator.uniform(-3, 0.3, 3)
    bounds = {"share": 1.0, "least": 1e-3, "flips": 0.25, "times": 3.0, "far": 0.01}
    limits = {"multiple": 0.0, "floor": 0.1, "ceiling": 0.1, "rounding": 0.1, "error": None, "norm": "rms", **bounds}
    scales, has_twin = 10.0 ** generator.integers(-1, 2, shape[-1]), generator.random() < 0.5
    samples = [{"y": _noise(generator, shape, scales, (lost, off, flipped), has_twin)} for _ in range(3)]
    declared = [{"name": "y", "dtype": "float32", "shape": list(shape)}]
    return {"name": f"noise {number}", "limits": limits, "declared": declared, "samples": samples}


def _noise(
    generator: np.random.Generator, shape: tuple[int, ...], scales: Any, sizes: tuple[float, ...], has_twin: bool
) -> dict[str, Any]:
    lost, off, flipped = sizes
    exact = generator.standard_normal(shape) * scales
    graph, answer, twin = exact.copy(), exact.copy(), exact.copy()
    for array, size, over in ((graph, lost, exact), (answer, off, graph), (twin, flipped * lost, graph)):
        array[...] = over + size * generator.standard_normal(shape)
    pair = {"actual": answer.astype("float32").astype("float64"), "reference": exact, "evaluated": graph}
    written = {name: {"dtype": "float64", "values": _written(array)} for name, array in pair.items()}
    written["actual"]["dtype"] = "float32"
    return {**written, **({"rounded": {"dtype": "float64", "values": _written(twin)}} if has_twin else {})}


def _slices(generator: np.random.Generator, shape: tuple[int, ...], scales: Any, off: float) -> dict[str, Any]:
    exact = generator.standard_normal(shape) * scales * (generator.random(shape) < 0.9)
    masked = (generator.random(shape) < 0.2) & (generator.random() < 0.3)
    own = 10.0 ** generator.integers(-7, -3)
    mask = generator.choice([-1e9, float(np.finfo("float32").min), -np.inf])

    def answer(error: float) -> dict[str, Any]:
        rounded = (exact * (1 + error * generator.standard_normal(shape))).astype("float32").astype("float64")
        return {"dtype": "float32", "values": _written(np.where(masked, mask, rounded))}

    reference = {"dtype": "float64", "values": _written(np.where(masked, mask, exact))}
    return {"actual": answer(off), "reference": reference, "eager": [answer(own), answer(own)]}


def _written(array: Any) -> Any:
    """Return an array as nested lists, as the vectors write them."""
    names = {np.inf: "Infinity", -np.inf: "-Infinity"}
    return [_written(inner) for inner in array] if array.ndim else names.get(float(array), float(array))


def _reference_dtype(dtype: str, generator: np.random.Generator) -> str:
    if generator.random() < 0.3:
        return str(generator.choice(["float64", *INTEGERS]))
    return "float64" if dtype in FLOATS else dtype


def _values(dtype: str, generator: np.random.Generator) -> list[Any]:
    """Values as the vectors write them: of floats some are not finite, integers reach the ends of their dtype."""
    if dtype == "bool":
        return [bool(value) for value in generator.integers(0, 2, SIZE)]
    if dtype in FLOATS:
        scaled = (generator.standard_normal(SIZE) * 10.0 ** generator.integers(-4, 4)).astype(dtype)
        return [float(v) if generator.random() < 0.9 else SPECIAL[generator.integers(len(SPECIAL))] for v in scaled]
    ends = np.iinfo(dtype)
    low, high = (ends.min, ends.max) if generator.random() < 0.5 else (0, 3)
    return [str(value) for value in generator.integers(low, high, SIZE, dtype=dtype, endpoint=True)]
