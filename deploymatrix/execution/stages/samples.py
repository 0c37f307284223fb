"""The samples of a model: drawn once, kept in the store, and named to every worker that needs them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploymatrix.execution.keys import Key
from deploymatrix.execution.sampled import samples_for
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.numerics.shapes import bindings, bound
from deploymatrix.project.model_specs import Input
from deploymatrix.project.project import Model
from deploymatrix.store.entries import Entry


def ensure_samples(context: StageContext, model: Model) -> Entry:
    """Return the model's samples; draw them when the store has none, or no longer has them as they were drawn."""
    if model.name not in context.samples:
        key = context.keys.samples(model)
        found = context.store.get("samples", key.digest)
        intact = found is not None and context.store.is_intact(found)
        context.samples[model.name] = found if found and intact else _draw(context, model, key)
    return context.samples[model.name]


def paths_for(context: StageContext, model: Model, source: Entry) -> list[dict[str, Path]]:
    """Return the same for those samples alone that an artifact can take."""
    paths = sample_paths(context, model)
    return [paths[index] for index in samples_for(model, source)]


def sample_paths(context: StageContext, model: Model) -> list[dict[str, Path]]:
    """Return for each sample the .npy file of each input, by the input's declared name."""
    if model.name not in context.sample_paths:
        folder = ensure_samples(context, model).files
        names = [tensor.name for tensor in model.spec.inputs]
        paths = [{n: folder / str(i) / f"{n}.npy" for n in names} for i in range(len(bindings(model.spec)))]
        context.sample_paths[model.name] = paths
    return context.sample_paths[model.name]


class Sized:
    """An input with the sizes that it has in one sample."""

    def __init__(self, declared: Input, shape: tuple[int, ...]) -> None:
        self.name, self.dtype, self.values = declared.name, declared.dtype, declared.values
        self.low, self.high, self.shape = declared.low, declared.high, shape


def _draw(context: StageContext, model: Model, key: Key) -> Entry:
    from deploymatrix.numerics.samples import write_sample

    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    for index, binding in enumerate(bindings(model.spec)):
        inputs = [Sized(tensor, bound(tensor.shape, binding)) for tensor in model.spec.inputs]
        write_sample(inputs, model.spec.seed, index, folder / str(index))
    return context.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)
