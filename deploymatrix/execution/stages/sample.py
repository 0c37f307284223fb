"""The stage `sample`: the model's samples.py gives its samples, in the environment of the model's framework."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages.asking import Answered, Question, asking_program
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.own_samples import MOST, Gathered, UnusableSamples, add_expected, write
from deploymatrix.execution.wire import wire_sampled
from deploymatrix.numerics.own_samples import WrongSample, split_inputs
from deploymatrix.numerics.tensors import load
from deploymatrix.project.own_samples import program
from deploymatrix.project.project import Model


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.samples(needs.task.model)


def question(context: StageContext, needs: Needs) -> Question:
    return asking_program(context, needs, program(needs.task.model), wire_sampled(needs.task.model), MOST)


def finish(answered: Answered, _needs: Needs) -> Result:
    """Keep the samples, read strictly: what a child leaves is not believed to be what it says."""
    model, out = answered.task.model, answered.work.out
    gathered = Gathered()
    try:
        for index in range(answered.value["samples"]):
            _add(gathered, model, out, index)
        add_expected(model, gathered)
        shutil.rmtree(out)  # with whatever else the child left in it
        about = write(model, gathered, out)
    except (UnusableSamples, ConfigurationError) as error:
        return answered.refuse(f"samples: {error}")
    return answered.keep("samples", {**about, "versions": answered.value["versions"]})


def _add(gathered: Gathered, model: Model, out: Path, index: int) -> None:
    try:
        arrays = {tensor.name: load(out / str(index) / f"{tensor.name}.npy") for tensor in model.spec.sampled_inputs}
        gathered.add(model, str(index), split_inputs(arrays, model.spec.sampled_inputs)[:1])
    except (OSError, WrongSample, ValueError) as error:
        raise UnusableSamples(f"{model.spec.own_samples}: sample {index}: {error}") from None
