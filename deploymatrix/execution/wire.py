"""What a worker is told of a model: the specification as steps see it, and a source without code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploymatrix.host.recipes import packages_recipe
from deploymatrix.numerics.shapes import partly_bound
from deploymatrix.project.model_specs import Tensor
from deploymatrix.project.project import Model, Project


def wire_source(project: Project, model: Model) -> dict[str, Any] | None:
    """Return what the module in sources/ builds such a model from; Path values are translated for the worker.

    None for a model with code of its own. What is opened in a container needs nobody's trust.
    """
    if model.source_module is None:
        return None
    source = model.spec.source
    given = source.model_dump(mode="json")
    paths = {name: model.folder / given[name] for name in ("path", "config") if isinstance(given[name], str)}
    return {**given, **paths, "trust": source.trust or project.exporters == "docker"}


def wire_imports(project: Project, model: Model, environment: str) -> dict[str, Any]:
    """Return where the model's code finds modules in an environment: its folders, and packages of its own, if any."""
    recipe = packages_recipe(project, model, environment)
    packages = recipe.folder(project.build / "envs") if recipe is not None else None
    return {"folders": list(model.import_folders), "packages": packages}


def wire_spec(model: Model, variant: str, static: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the model's specification as a step sees it. static: the sizes at which a source is fixed already."""
    spec, fixed = model.spec, static or {}
    free = {name: {"min": dim.min, "max": dim.max} for name, dim in spec.dims.items() if name not in fixed}
    return {
        "name": model.name,
        "framework": spec.framework,
        "family": spec.family,
        "variant": variant,
        "seed": spec.seed,
        "calibrate": spec.calibrate,
        "inputs": [{**_tensor(tensor, fixed), "by": tensor.by} for tensor in spec.inputs],
        "outputs": [{**_tensor(out, fixed), "path": out.path, "ragged": out.ragged} for out in spec.outputs],
        **({"dims": free} if free else {}),
        **wire_state(model),
    }


def wire_state(model: Model) -> dict[str, Any]:
    """Return how a model with state is run, under "state": its steps, and by input which output is fed back into it."""
    pairs = model.spec.feedback
    feedback = {pair.input: pair.output for pair in pairs}
    return {"state": {"steps": model.spec.steps, "feedback": feedback}} if pairs else {}


def wire_sampled(model: Model) -> list[dict[str, Any]]:
    """Return the inputs that own samples hold, in the shapes that they have there."""
    return [_tensor(tensor, {}) for tensor in model.spec.sampled_inputs]


def wire_labelled(model: Model) -> list[dict[str, Any]]:
    """Return the same, and the labels, which labelled samples hold besides."""
    labels = [{"name": label.name, "dtype": label.dtype, "shape": list(label.shape)} for label in model.spec.labels]
    return [*wire_sampled(model), *labels]


def _tensor(tensor: Tensor, fixed: Mapping[str, int]) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(partly_bound(tensor.shape, fixed))}
