"""Bad PyTorch models for the steps that start from PyTorch, and bad files for the runtimes in that environment."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.bad_files import cases
from tests.vectors.exporters.loading import module

NAMES = ("exported_program", "executorch", "executorch_portable", "litert", "onnx", "torchscript")
STEPS = {name: module(f"pipelines/{name}/from_torch.py") for name in NAMES}
QUANTISER = module("pipelines/litert/from_litert.py")
RUNS = {name: module(f"targets/{name}/run.py") for name in ("torchscript", "litert", "executorch")}


class Branch(nn.Module):
    """Control flow that depends on data."""

    def forward(self, x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x


class Nonzero(nn.Module):
    """A shape that depends on data."""

    def forward(self, x: Any) -> Any:
        found = torch.nonzero(x > 0)
        return torch.zeros(found.shape[0] * 3 + (2 if found.shape[0] > 5 else 1))


class Complex(nn.Module):
    """Complex numbers on the way."""

    def forward(self, x: Any) -> Any:
        return torch.fft.fft(x).abs()


class Item(nn.Module):
    """A loop as long as a value says."""

    def forward(self, x: Any) -> Any:
        for _ in range(int(x[0, 0].item())):
            x = x + 1
        return x


class WrongShape(nn.Module):
    """A matrix product that does not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


class Numpy(nn.Module):
    """Leaves the framework for numpy."""

    def forward(self, x: Any) -> Any:
        return torch.from_numpy(np.sort(x.detach().numpy())) + 1


class MissingFile(nn.Module):
    """Reads a file that is not there."""

    def forward(self, x: Any) -> Any:
        return x + torch.load("tables/not-there.pt")


class Operator(nn.Module):
    """An operator of one's own, without a translation."""

    def forward(self, x: Any) -> Any:
        return torch.ops.mine.strange(x)


class Eigen(nn.Module):
    """An operator that few exporters have."""

    def forward(self, x: Any) -> Any:
        return torch.linalg.eigh(x.reshape(2, 2))[0]


@torch.library.custom_op("mine::strange", mutates_args=())
def strange(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


@strange.register_fake
def _(x: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


MODELS = {
    "branch": Branch,
    "nonzero": Nonzero,
    "complex": Complex,
    "item": Item,
    "wrong_shape": WrongShape,
    "numpy": Numpy,
    "missing_file": MissingFile,
    "operator": Operator,
    "eigen": Eigen,
}


def spec(shape: tuple[int, ...] = (1, 4)) -> Spec:
    values = [np.linspace(1, 2, 4, dtype=np.float32).reshape(shape), -np.ones(shape, np.float32)]
    tensors = {"inputs": [Tensor("x", "float32", shape)], "outputs": [Tensor("y", "float32", shape)]}
    return Spec("bad", "torch", "other", "fp32", 0, False, **tensors, samples=[{"x": value} for value in values])


def export(step: str, model: str, options: dict[str, Any], folder: Path) -> None:
    STEPS[step].export(MODELS[model]().eval(), spec(), folder / "out", options)


def load_rubbish(target: str, folder: Path) -> None:
    path = folder / "model.bin"
    path.write_bytes(b"this is no model" * 64)
    RUNS[target].load(path)


def load_nothing(target: str, folder: Path) -> None:
    RUNS[target].load(folder / "nothing.bin")


def run_wrong_shape(target: str, folder: Path) -> None:
    out = folder / "out"
    STEPS[target].export(nn.Linear(4, 3).eval(), spec(), out, {})
    session = RUNS[target].load(out / STEPS[target].ENTRY)
    name = "args_0" if target == "litert" else "0"
    RUNS[target].run(session, {name: np.zeros((1, 7), np.float32)})


def run_wrong_dtype(target: str, folder: Path) -> None:
    out = folder / "out"
    STEPS[target].export(nn.Linear(4, 3).eval(), spec(), out, {})
    session = RUNS[target].load(out / STEPS[target].ENTRY)
    name = "args_0" if target == "litert" else "0"
    RUNS[target].run(session, {name: np.zeros((1, 4), np.int64)})


def quantise(source: Path, variant: str, calibration: list[dict[str, Any]], folder: Path) -> None:
    entry = {"name": "args_0", "dtype": "float32", "shape": [1, 4]}
    signature: Any = {"inputs": {"x": entry}, "outputs": {"y": {**entry, "name": "output_0"}}}
    given = replace(spec(), variant=variant, source_signature=signature, calibration=calibration)
    QUANTISER.export(source, given, folder / "out", {})


def quantise_linear(variant: str, calibration: list[dict[str, Any]], folder: Path) -> None:
    (folder / "source").mkdir()
    STEPS["litert"].export(nn.Linear(4, 3).eval(), spec(), folder / "source", {})
    quantise(folder / "source" / STEPS["litert"].ENTRY, variant, calibration, folder)


def quantise_rubbish(folder: Path) -> None:
    (folder / "bad.tflite").write_bytes(b"this is no model" * 64)
    quantise(folder / "bad.tflite", "fp16", [], folder)


def quantise_nothing(folder: Path) -> None:
    quantise(folder / "nothing.tflite", "int8-dynamic", [], folder)


CASES: dict[str, Callable[[Path], Any]] = {
    f"{step}/from_torch {model}": functools.partial(export, step, model, {}) for step in STEPS for model in MODELS
}
CASES |= cases("lite_interpreter/from_torchscript", "pt2/from_exported_program")
CASES |= {
    f"torchscript/from_torch script {model}": functools.partial(export, "torchscript", model, {"method": "script"})
    for model in ("numpy", "wrong_shape", "missing_file")
}
for act in (load_rubbish, load_nothing, run_wrong_shape, run_wrong_dtype):
    CASES |= {f"{target} {act.__name__}": functools.partial(act, target) for target in RUNS}
CASES["litert/from_litert rubbish"] = quantise_rubbish
CASES["litert/from_litert nothing"] = quantise_nothing
for name, calibration in {
    "no_calibration": [],
    "wrong_calibration": [{"x": np.ones((1, 7), np.float32)}],
}.items():
    CASES[f"litert/from_litert {name}"] = functools.partial(quantise_linear, "int8-static", calibration)
