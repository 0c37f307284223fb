"""The stages of labelled data: files are read by the host, labelled.py gives them where the model's framework is.

They are kept as samples are; labels go to nobody but the metric.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.stages.asking import Answered, Question, asking_program
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.own_samples import MOST, UnusableSamples, naming, save, zeros
from deploymatrix.execution.stages.together import LABELS
from deploymatrix.execution.wire import wire_labelled
from deploymatrix.numerics.own_samples import WrongSample, sizes_of, split_inputs
from deploymatrix.numerics.shapes import usual_sizes, words
from deploymatrix.numerics.tensors import load
from deploymatrix.project.labelled import labelled_files, labelling
from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.numerics.tensors import Array, Declared
    from deploymatrix.project.project import Model


@dataclass
class Labelled:
    """A model's labelled samples: the arrays of each, its labels among them."""

    samples: list[dict[str, Array]] = field(default_factory=list)

    def add(self, model: Model, arrays: dict[str, Array]) -> None:
        """Append what a file or one yield of labelled.py holds. Raise WrongSample, UnusableSamples."""
        usual = usual_sizes(model.spec.dims)
        for found in split_inputs(arrays, declared(model)):
            sizes = sizes_of(found, model.spec.sampled_inputs, model.spec.dims)
            if sizes != usual:
                raise WrongSample(f"it has {words(sizes)}; labelled samples have the usual sizes, {words(usual)}")
            self.samples.append(found)
        if len(self.samples) > MOST:
            raise UnusableSamples(f"more than {MOST:,} labelled samples; give {MOST:,}, or fewer")


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.labelled(needs.task.model)


def gather(context: StageContext, needs: Needs, key: Key) -> Result:
    """Put labelled samples into the store; tell which file is not as model.toml declares."""
    from deploymatrix.numerics.array_files import read_arrays

    started, model, labelled = time.perf_counter(), needs.task.model, Labelled()
    folder = Path(tempfile.mkdtemp(prefix=".gather-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    try:
        for path in labelled_files(model):
            with naming(model, path):
                labelled.add(model, read_arrays(path))
        about = write(model, labelled, folder)
    except (UnusableSamples, ConfigurationError) as error:
        shutil.rmtree(folder)
        return Failed(outcome="reference_failed", stage="reference", detail=f"labelled samples: {error}")
    measured = {"wall_s": time.perf_counter() - started}
    entry = context.store.put("samples", key.digest, folder, about=about, measured=measured, made_from=key.parts)
    return Done(entry=entry, cached=False)


def question(context: StageContext, needs: Needs) -> Question:
    """Ask for labelled samples as for own ones: labels are further inputs."""
    model = needs.task.model
    return asking_program(context, needs, labelling(model), wire_labelled(model), MOST)


def finish(answered: Answered, _needs: Needs) -> Result:
    """Keep the samples, read strictly: what a child leaves is not believed to be what it says."""
    model, out, labelled = answered.task.model, answered.work.out, Labelled()
    try:
        for index in range(answered.value["samples"]):
            _add(labelled, model, out / str(index), index)
        shutil.rmtree(out)  # with whatever else the child left in it
        about = write(model, labelled, out)
    except (UnusableSamples, ConfigurationError) as error:
        return answered.refuse(f"labelled samples: {error}")
    return answered.keep("samples", {**about, "versions": answered.value["versions"]})


def declared(model: Model) -> list[Declared]:
    """Return what a labelled sample holds: the inputs, then the labels."""
    return [*model.spec.sampled_inputs, *model.spec.labels]


def write(model: Model, labelled: Labelled, folder: Path) -> dict[str, Any]:
    """Write <i>/<input>.npy and labels/<label>.npy; return what is known of them.

    The inputs alone are what answers depend on: their digest is `inputs`.
    """
    if not labelled.samples:
        raise UnusableSamples("there is none")
    names = [label.name for label in model.spec.labels]
    for index, arrays in enumerate(labelled.samples):
        inputs = {name: array for name, array in arrays.items() if name not in names}
        save(folder / str(index), {**zeros(model, usual_sizes(model.spec.dims)), **inputs})
    digest = digests.of_data({p.relative_to(folder).as_posix(): digests.of_file(p) for p in folder.rglob("*.npy")})
    save(folder / LABELS, {name: np.stack([arrays[name] for arrays in labelled.samples]) for name in names})
    return {"model": model.name, "samples": len(labelled.samples), "inputs": digest}


def _add(labelled: Labelled, model: Model, folder: Path, index: int) -> None:
    try:
        labelled.add(model, {tensor.name: load(folder / f"{tensor.name}.npy") for tensor in declared(model)})
    except (OSError, WrongSample, ValueError) as error:
        raise UnusableSamples(f"{model.spec.metric.data if model.spec.metric else ''}: {index}: {error}") from None
