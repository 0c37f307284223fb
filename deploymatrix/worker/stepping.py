"""A model with state: each sample is a sequence of steps, and what one step gives is what the next one takes.

The loop is here alone: a framework answers samples of one step, and a runner runs one step at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import tensors

if TYPE_CHECKING:
    from pathlib import Path

    from .modules import FrameworkModule, ModelModule, RepeatingFrameworkModule, RunnerModule
    from .spec import Spec
    from .tasks import RunArgs
    from .tensors import Array

Sample = dict[str, "Array"]
Compute = Callable[["Spec"], Iterable[Any]]  # each sample's outputs, of one step


def looping(framework: FrameworkModule, spec: Spec) -> FrameworkModule:
    """Return the framework with references that are sequences; itself for a model without state."""
    if not spec.feedback:
        return framework

    def reference(model: ModelModule, spec: Spec, weights: Path, dtype: str) -> list[Sample]:
        return sequences(spec, lambda step: framework.reference(model, step, weights, dtype), "reference()")

    own = {**vars(framework), "reference": reference}
    repeating = cast("RepeatingFrameworkModule", framework)
    if "again" in own:

        def again(model: ModelModule, spec: Spec, weights: Path, dtype: str) -> list[Sample]:
            return sequences(spec, lambda step: repeating.again(model, step, weights, dtype), "reference()")

        own["again"] = again
    if "orders" in own:
        own["orders"] = orders_of(repeating)
    return cast("FrameworkModule", SimpleNamespace(**own))


def orders_of(framework: RepeatingFrameworkModule) -> Callable[..., dict[str, Callable[[], Iterable[Sample]]]]:
    """Return the framework's orders() with each order going its own way from step to step."""

    def orders(model: ModelModule, spec: Spec, weights: Path) -> dict[str, Callable[[], Iterable[Sample]]]:
        def in_order(name: str) -> Callable[[], list[Sample]]:
            return lambda: sequences(spec, lambda step: framework.orders(model, step, weights)[name](), name)

        return {name: in_order(name) for name in framework.orders(model, spec, weights)}

    return orders


def sequences(spec: Spec, compute: Compute, source: str) -> list[Sample]:
    """Return each sample's outputs of all steps. All samples take a step together, as a framework answers them."""
    state = [{name: sequence[name] for name in spec.feedback} for sequence in spec.sequences]
    given: list[list[Sample]] = [[] for _ in spec.sequences]
    for step in range(spec.steps):
        samples = [at_step(each, before, step) for each, before in zip(spec.sequences, state, strict=True)]
        answers = [tensors.checked(answer, source) for answer in compute(replace(spec, samples=samples))]
        state = [fed_back(answer, spec.feedback, source) for answer in answers]
        for all_steps, answer in zip(given, answers, strict=True):
            all_steps.append(answer)
    return [together(answers, source) for answers in given]


def stepping(runner: RunnerModule, args: RunArgs) -> RunnerModule:
    """Return the runner with a run() that takes and gives sequences; itself for a model without state.

    State goes from one artifact's output to its input by their own names, and in the input's dtype.
    """
    if "state" not in args:
        return runner
    inputs, outputs = args["signature"]["inputs"], args["signature"]["outputs"]
    steps = args["state"]["steps"]
    feedback = {inputs[into]["name"]: outputs[out]["name"] for into, out in args["state"]["feedback"].items()}
    dtypes = {entry["name"]: entry["dtype"] for entry in inputs.values()}

    def run(session: Any, sequence: Sample) -> Sample:
        state, answers = {name: sequence[name] for name in feedback}, []
        for step in range(steps):
            answer = tensors.checked(runner.run(session, at_step(sequence, state, step)), "run()")
            fed = fed_back(answer, feedback, "run()")
            state = {name: tensors.cast(array, dtypes[name], name) for name, array in fed.items()}
            answers.append(answer)
        return together(answers, "run()")

    return cast("RunnerModule", SimpleNamespace(**{**vars(runner), "run": run}))


def at_step(sequence: Sample, state: Sample, step: int) -> Sample:
    """Return the inputs of one step, in arrays of their own: a runner may write into them."""
    taken = {name: array[step] for name, array in sequence.items() if name not in state}
    return {name: np.array({**taken, **state}[name]) for name in sequence}


def first_steps(arrays: Iterable[Sample], state: Iterable[str]) -> Iterator[Sample]:
    """Yield each sample's inputs of the first step; `state` names the inputs that are fed back."""
    names = set(state)
    for sequence in arrays:
        yield at_step(sequence, {name: array for name, array in sequence.items() if name in names}, 0)


def fed_back(answer: Sample, feedback: dict[str, str], source: str) -> Sample:
    """Return the state for the next step. Raise ValueError for an answer that lacks an output that is fed back."""
    missing = [out for out in feedback.values() if out not in answer]
    if missing:
        raise ValueError(f"{source} gave outputs {sorted(answer)}; {missing[0]!r} is lacking, which is fed back")
    return {into: answer[out] for into, out in feedback.items()}


def together(answers: list[Sample], source: str) -> Sample:
    """Put the outputs of all steps below each other. Raise ValueError where two steps give others in kind."""
    first = kinds(answers[0])
    for step, answer in enumerate(answers):
        if kinds(answer) != first:
            raise ValueError(f"{source} gave {told(first)} in step 0, {told(kinds(answer))} in step {step}")
    return {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}


def kinds(answer: Sample) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (array.dtype.name, array.shape) for name, array in answer.items()}


def told(found: dict[str, tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {dtype}{list(shape)}" for name, (dtype, shape) in sorted(found.items()))
