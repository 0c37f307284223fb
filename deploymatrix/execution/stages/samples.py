"""The samples of a model: drawn once, or made by a task of their own, and named to every worker that needs them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.execution.model_files import ANOTHER_SEED, CALIBRATION, Key
from deploymatrix.execution.sampled import Sized, bindings_of, samples_for, state_of
from deploymatrix.numerics.shapes import bound, usual_sizes

if TYPE_CHECKING:
    from deploymatrix.execution.stages.context import Needs, StageContext
    from deploymatrix.project.project import Model
    from deploymatrix.store.entries import Entry


def ensure_samples(context: StageContext, needs: Needs) -> Entry:
    """Return the samples of a task's model: its own, or drawn ones.

    These are drawn when the store has none, or no longer has them as they were drawn.
    """
    if needs.samples is not None:
        return needs.samples
    model = needs.task.model
    if model.name not in context.samples:
        key = context.keys.samples(model)
        found = context.store.get("samples", key.digest)
        intact = found is not None and context.store.is_intact(found)
        context.samples[model.name] = found if found and intact else _draw(context, model, key)
    return context.samples[model.name]


def paths_for(context: StageContext, needs: Needs) -> list[dict[str, Path]]:
    """Return the same for those samples alone that the task's source can take."""
    paths = sample_paths(context, needs)
    return [paths[index] for index in samples_for(needs.task.model, needs.source, needs.samples)]


def sample_paths(context: StageContext, needs: Needs) -> list[dict[str, Path]]:
    """Return for each sample the .npy file of each input, by the input's declared name."""
    entry, model = ensure_samples(context, needs), needs.task.model
    known = (model.name, entry.digest)
    if known not in context.sample_paths:
        names = [tensor.name for tensor in model.spec.inputs]
        paths = [{n: entry.files / str(i) / f"{n}.npy" for n in names} for i in range(count(needs))]
        context.sample_paths[known] = paths
    return context.sample_paths[known]


def count(needs: Needs) -> int:
    """Return how many samples a task's model has."""
    return len(bindings_of(needs.task.model, needs.samples))


def calibration_paths(context: StageContext, model: Model) -> list[dict[str, Path]]:
    """Return the files of the samples that a variant's ranges are taken from; they are drawn when the store has none.

    None of them judges: they have another seed.
    """
    key = context.keys.calibration(model)
    found = context.store.get("samples", key.digest)
    entry = found if found and context.store.is_intact(found) else _draw_calibration(context, model, key)
    names = [tensor.name for tensor in model.spec.inputs]
    return [{name: entry.files / str(index) / f"{name}.npy" for name in names} for index in range(CALIBRATION)]


def _draw_calibration(context: StageContext, model: Model, key: Key) -> Entry:
    from deploymatrix.numerics.samples import write_sample

    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # as above
    sizes = usual_sizes(model.spec.dims)
    inputs = [Sized(tensor, bound(tensor.shape, sizes)) for tensor in model.spec.inputs]
    for index in range(CALIBRATION):
        write_sample(inputs, model.spec.seed + ANOTHER_SEED, index, folder / str(index))
    return context.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)


def _draw(context: StageContext, model: Model, key: Key) -> Entry:
    from deploymatrix.numerics.samples import write_sample
    from deploymatrix.numerics.sequences import write_sequence

    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    samples, state = bindings_of(model, None), state_of(model)
    for index, binding in enumerate(samples):
        inputs = [Sized(tensor, bound(tensor.shape, binding)) for tensor in model.spec.inputs]
        if state is None:
            write_sample(inputs, model.spec.seed, index, folder / str(index))
        else:
            write_sequence(inputs, state, model.spec.seed, index, len(samples), folder / str(index))
    return context.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)
