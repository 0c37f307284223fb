"""PyTorch → LiteRT (.tflite) by litert-torch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import nn
from torch.utils import _pytree as pytree

VERSIONS = ("litert-torch", "litert-converter", "torch", "numpy")
ENTRY = "model.tflite"
OPTIONS = ("enable_x64",)
WRONG = 1e-3  # of an output's largest value: no rounding of float32


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rewrites = beside("torch_rewrites")


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one signature, whose tensors litert-torch names args_0, …, output_0, … by position.

    litert-torch exports fixed sizes alone: docs/findings/litert-torch-free-axes/finding.md

    options: enable_x64, true by default: int64 stays int64, which litert-torch would else make int32.
    Raises ValueError when the file's tensors are not those.
    """
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    found = converted(source, inputs, out / ENTRY, options.get("enable_x64", True))
    found.model.export(str(out / ENTRY))
    runner = Interpreter(str(out / ENTRY)).get_signature_runner()
    return {
        "inputs": described(spec.inputs, "args", runner.get_input_details()),
        "outputs": described(spec.outputs, "output", runner.get_output_details()),
        "repairs": found.repairs,
        "static": list(spec.dims),
    }


@dataclass(frozen=True)
class Conversion:
    """What litert-torch made. `error` is that on one sample, of the worst output, over its largest value."""

    model: Any
    error: float
    repairs: list[str]


def converted(source: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, enable_x64: bool) -> Conversion:
    """The first conversion that runs and answers as the model does, of: as it is, rewritten.

    Where none does, the first that there is: the comparison with the float64 reference will tell what is wrong with it.
    Raises what the first attempt raised where there is none.
    """
    with torch.no_grad():
        expected = [answer.numpy() for answer in pytree.tree_leaves(source(*inputs))]
    made: list[Conversion] = []
    failures: list[Exception] = []
    for attempt in (as_it_is, rewrites.rewritten):
        try:
            network, repairs = attempt(source, inputs)
            model = litert_torch.convert(network, inputs, enable_x64=enable_x64)
            made.append(Conversion(model, error_of(model, inputs, expected, path), sorted(repairs)))
        except Exception as error:  # whatever litert-torch or the interpreter stumbles over
            print(f"{attempt.__name__}: {type(error).__name__}: {error}")
            failures.append(error)
            continue
        if made[-1].error <= WRONG:
            return made[-1]
        print(f"{attempt.__name__}: an output is off by {made[-1].error:.1e} of its largest value")
    if not made:
        raise failures[0]
    return made[0]


def as_it_is(source: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[nn.Module, set[str]]:
    return source, set()


def error_of(model: Any, inputs: tuple[torch.Tensor, ...], expected: list[np.ndarray], path: Path) -> float:
    """Run the file on the sample. Infinite where an output's shape differs or only one of both is a number."""
    model.export(str(path))
    runner = Interpreter(str(path)).get_signature_runner()
    given = {f"args_{position}": value.numpy() for position, value in enumerate(inputs)}
    answers = runner(**{name: given[name] for name in runner.get_input_details()})
    return max(distance(answers[f"output_{position}"], value) for position, value in enumerate(expected))


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest expected value; infinite where integers are not the same."""
    if found.shape != expected.shape or (expected.dtype.kind != "f" and (found != expected).any()):
        return float("inf")
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    apart = np.where(found == expected, 0.0, np.nan_to_num(np.abs(found - expected), nan=np.inf)).max(initial=0)
    return float(apart / max(np.abs(expected[np.isfinite(expected)]).max(initial=0), np.finfo(np.float32).tiny))


def described(declared: list[Any], prefix: str, details: dict[str, Any]) -> dict[str, Any]:
    """Name, dtype and shape in the file for each declared tensor; `details` is the interpreter's, by name."""
    names = [f"{prefix}_{i}" for i in range(len(declared))]
    if sorted(details) != sorted(names):
        raise ValueError(f"the file's tensors are {sorted(details)}; expected were {names}")
    return {
        tensor.name: {
            "name": name,
            "dtype": details[name]["dtype"].__name__,
            "shape": [int(size) for size in details[name]["shape"]],
        }
        for tensor, name in zip(declared, names, strict=True)
    }
