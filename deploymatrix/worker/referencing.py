"""The task `reference`: freeze a model's weights, then compute its outputs in float64 and in float32, each twice.

What comes out otherwise the second time, and float32 in further orders of summation, is written beside the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import repeating, stepping, tensors, versions
from . import spec as specs
from .loading import load, load_model, model_of
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import FrameworkModule, ModelModule
    from .protocol import Submit
    from .tasks import ReferenceArgs, ReferenceValue

Answers = list[dict[str, tensors.Array]]  # of each sample, by declared name


@dataclass(frozen=True)
class Subject:
    """The model whose references are made, and what answers for it."""

    framework: FrameworkModule
    model: ModelModule
    spec: specs.Spec
    weights: Path

    def answers(self, dtype: str) -> Answers:
        """Compute the outputs of all samples, checked."""
        return checked(self.framework.reference(self.model, self.spec, self.weights, dtype), self.spec, dtype)


def perform(request: Submit[ReferenceArgs], reporter: Reporter) -> ReferenceValue:
    """Write `out/<i>/<output>.<dtype>.npy` for each sample i; the framework fills the folder `out/weights`."""
    args, out = request["args"], Path(request["out"])
    framework = cast("FrameworkModule", load(Path(request["module"])))
    used = versions.of(framework, load_model(args))

    reporter.stage("reference")
    spec = specs.build(args["spec"], args["samples"])
    weights = out / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    subject = Subject(stepping.looping(framework, spec), model_of(args, spec), spec, weights)
    framework.freeze(subject.model, spec, weights)
    yardstick = yardstick_of(subject)
    exact, exact_s = timed(lambda: subject.answers("float64"))
    eager, eager_s = timed(lambda: subject.answers("float32"))
    for dtype, answers, seconds in (("float64", exact, exact_s), ("float32", eager, eager_s)):
        write(answers, dtype, out)
        repeating.repeat(subject, dtype, answers, seconds, out)
    orders = repeating.further_orders(subject, exact, eager, out)
    if yardstick != "float64" and not orders:
        raise ValueError("there is no reference in float64, and nothing tells how accurate float32 is: no other order")
    eager_s /= len(spec.samples)
    return {"versions": used, "eager_s": eager_s, "orders": orders, "yardstick": yardstick}


def yardstick_of(subject: Subject) -> str:
    """Return the dtype that the framework's references in float64 truly have: float64, unless it says otherwise."""
    told = getattr(subject.framework, "yardstick", None)
    found = "float64" if told is None else told(subject.model, subject.spec, subject.weights)
    if found not in ("float64", "float32"):
        raise ValueError(f'yardstick() gave {found!r}; it must be "float64" or "float32"')
    return str(found)


def timed(compute: Callable[[], Answers]) -> tuple[Answers, float]:
    start = time.perf_counter()
    answers = compute()
    return answers, time.perf_counter() - start


def write(answers: Answers, dtype: str, out: Path) -> None:
    for index, sample in enumerate(answers):
        for name, array in sample.items():
            tensors.write(out / str(index) / f"{name}.{dtype}.npy", array)


def checked(outputs: list[Any], spec: specs.Spec, dtype: str) -> Answers:
    """Return each sample's outputs as copies.

    Raise ValueError unless they are the declared ones and the floating ones truly of `dtype`.
    """
    pairs = zip(outputs, spec.samples, strict=True)
    answers = [tensors.checked(sample, "reference()") for sample, _ in pairs]
    for arrays in answers:
        check(arrays, spec, dtype)
    return answers


def check(arrays: dict[str, tensors.Array], spec: specs.Spec, dtype: str) -> None:
    """Raise ValueError unless the outputs are the declared ones, and of the declared dtypes or truly of float64."""
    declared = {tensor.name: np.dtype(tensor.dtype) for tensor in spec.outputs}
    if set(arrays) != set(declared):
        raise ValueError(f"reference() gave outputs {sorted(arrays)}, the model declares {sorted(declared)}")
    for name, array in arrays.items():
        expected = np.dtype(dtype) if declared[name].kind == "f" and dtype == "float64" else declared[name]
        if array.dtype != expected:
            raise ValueError(
                f"reference() gave {name!r} as {array.dtype} where {expected} was asked for"
                if dtype == "float64"
                else f"output {name!r}: the model gives {array.dtype}, model.toml declares {expected}"
            )
