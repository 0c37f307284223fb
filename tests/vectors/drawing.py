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
