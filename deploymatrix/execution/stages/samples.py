"""The samples of a model: drawn once, or made by a task of their own, and named to every worker that needs them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.sampled import Sized, bindings_of, samples_for, state_of
from deploymatrix.numerics.shapes import bound, usual_sizes
from deploymatrix.project.calibration import calibration_split

if TYPE_CHECKING:
    from deploymatrix.execution.stages.context import Needs, StageContext
    from deploymatrix.project.project import Model
    from deploymatrix.store.entries import Entry

DIGITS = 12  # of a digest, enough to tell two apart


def ensure_samples(context: StageContext, needs: Needs) -> Entry:
    """Return the samples of a task's model: its own, or drawn ones.

    These are drawn when the store has none, or no longer has them as they were drawn.
    """
    if needs.samples is not None:
        return needs.samples
    return _drawn(context, needs.task.model)


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


def calibration_of(context: StageContext, needs: Needs) -> Entry:
    """Return the samples that a variant's ranges are taken from: the model's own, or drawn ones of another seed."""
    return needs.calibration or _drawn(context, calibration_split(needs.task.model))


def calibration_paths(context: StageContext, needs: Needs) -> list[dict[str, Path]]:
    """Return for each of these that has the usual sizes the file of each input, by the input's declared name."""
    entry, spec = calibration_of(context, needs), needs.task.model.spec
    usual = usual_sizes(spec.dims)
    sizes = entry.about.get("sizes") or bindings_of(calibration_split(needs.task.model), needs.calibration)
    names, fitting = [tensor.name for tensor in spec.inputs], [i for i, size in enumerate(sizes) if size == usual]
    return [{name: entry.files / str(index) / f"{name}.npy" for name in names} for index in fitting]


def calibration_said(context: StageContext, needs: Needs) -> str:
    """Say which samples ranges are taken from, with the digest of what they hold."""
    entry, split = calibration_of(context, needs), calibration_split(needs.task.model)
    said = entry.about.get("said") or f"{split.spec.samples} drawn, seed {split.spec.seed}"
    return f"{said}; {entry.about.get('inputs', entry.digest)[:DIGITS]}"


def _drawn(context: StageContext, model: Model) -> Entry:
    if model.name not in context.samples:
        key = context.keys.samples(model)
        found = context.store.get("samples", key.digest)
        intact = found is not None and context.store.is_intact(found)
        context.samples[model.name] = found if found and intact else _draw(context, model, key)
    return context.samples[model.name]


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
