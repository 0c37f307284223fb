"""A quantiser step with other calibration samples, for `deploymatrix selftest`: ranges of what a model never sees."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

VERSIONS = ("numpy",)
OPTIONS = ("kind", "step", "given", "code")
ENTRY = ""  # that of the step, known once it is there


def export(source: Any, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Let the step export with samples that are changed.

    options: kind; step, the module of the step; given, the options that it takes itself.
    """
    global ENTRY
    step, change = imported(Path(options["step"])), KINDS[options["kind"]]
    ENTRY = step.ENTRY
    samples = [{name: change(array) for name, array in sample.items()} for sample in spec.calibration]
    raw: dict[str, Any] = step.export(source, dataclasses.replace(spec, calibration=samples), out, options["given"])
    return raw


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"deploymatrix_step_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zeros(array: np.ndarray) -> np.ndarray:
    return np.zeros_like(array)


def tenth(array: np.ndarray) -> np.ndarray:
    """A tenth of each float; integers and flags are no ranges, and stay."""
    return (array * 0.1).astype(array.dtype) if array.dtype.kind == "f" else array


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"calibration-zeros": zeros, "calibration-0.1": tenth}
