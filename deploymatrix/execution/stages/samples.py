"""The samples of a model: drawn once, kept in the store, and named to every worker that needs them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploymatrix.execution.keys import Key
from deploymatrix.execution.stages.context import StageContext
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


def sample_paths(context: StageContext, model: Model) -> list[dict[str, Path]]:
    """Return for each sample the .npy file of each input, by the input's declared name."""
    if model.name not in context.sample_paths:
        folder = ensure_samples(context, model).files
        names = [tensor.name for tensor in model.spec.inputs]
        paths = [{n: folder / str(i) / f"{n}.npy" for n in names} for i in range(model.spec.samples)]
        context.sample_paths[model.name] = paths
    return context.sample_paths[model.name]


def _draw(context: StageContext, model: Model, key: Key) -> Entry:
    from deploymatrix.numerics.samples import write_samples

    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    write_samples(model.spec.inputs, model.spec.seed, model.spec.samples, folder)
    return context.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)
