"""The stage `layers`: where the noise enters an artifact that lost too much when it was quantised.

It is asked like the step that made the artifact, from the same source, in the same environment; the format's layers.py
compares the two instead of making one from the other.
"""

from __future__ import annotations

import stat
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages import export
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.matrix.layers import LayerRecord, worst

MOST_BYTES = 16 << 20


class LayersFile(BaseModel):
    """What layers.py leaves: the layers in the graph's order."""

    model_config = ConfigDict(extra="forbid")

    layers: list[LayerRecord] = Field(max_length=100_000)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    made = context.keys.artifact(task.model, task.variant, task.step, needs.source, needs.samples)
    return context.keys.layers(made, task.step, needs.artifact)


def question(context: StageContext, needs: Needs) -> Question:
    asked, artifact = export.question(context, needs), needs.artifact
    return replace(
        asked,
        module=context.project.layers(needs.task.step.format),
        args={**asked.args, "options": {"artifact": artifact.files / artifact.about["entry"]}},
        most_bytes=MOST_BYTES,
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep the layers that bring in most of the noise."""
    path = answered.work.out / answered.value["entry"]
    if not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MOST_BYTES:
        return answered.refuse(f"{path.name} is no file of {MOST_BYTES:,} bytes or less")
    try:
        found = LayersFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        return answered.refuse(f"{path.name}: {error.errors()[0]['msg']}")
    about = {"layers": [layer.model_dump(mode="json") for layer in worst(found.layers)]}
    return answered.keep("runs", about)
