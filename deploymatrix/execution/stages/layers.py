"""The stage `layers`: where the noise enters an artifact that lost too much when it was quantised.

It is asked like the step that made the artifact, from the same source, in the same environment; the format's noise.py
compares the two instead of making one from the other.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploymatrix.matrix.layers import LayerRecord, worst
from deploymatrix.project.routes import layers_module

if TYPE_CHECKING:
    from deploymatrix.execution.model_files import Key
    from deploymatrix.execution.outcomes import Result
    from deploymatrix.execution.stages.asking import Answered, Question
    from deploymatrix.execution.stages.context import Needs, StageContext

LEFT = "layers.json"
MOST_BYTES = 16 << 20


class LayersFile(BaseModel):
    """What noise.py leaves: the layers in the graph's order."""

    model_config = ConfigDict(extra="forbid")

    layers: list[LayerRecord] = Field(max_length=100_000)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    made = context.keys.artifact(task.model, task.variant, task.step, needs.source, needs.samples, needs.calibration)
    return context.keys.layers(made, task.step, needs.artifact)


def question(context: StageContext, needs: Needs, asked: Question) -> Question:
    """Ask as the step was asked that made the artifact, but for the module and its options."""
    artifact = needs.artifact
    return replace(
        asked,
        module=layers_module(context.project, needs.task.step.format),
        args={**asked.args, "options": {"artifact": artifact.files / artifact.about["entry"]}},
        most_bytes=MOST_BYTES,
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep the layers that bring in most of the noise."""
    path = answered.work.out / LEFT
    if not path.exists() or not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MOST_BYTES:
        return answered.refuse(f"{path.name} is no file of {MOST_BYTES:,} bytes or less")
    try:
        found = LayersFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        return answered.refuse(f"{path.name}: {error.errors()[0]['msg']}")
    about = {"layers": [layer.model_dump(mode="json") for layer in worst(found.layers)]}
    return answered.keep("runs", about)
