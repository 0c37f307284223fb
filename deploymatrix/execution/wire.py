"""What a worker is told of a model: the specification as steps see it, and a source without code."""

from __future__ import annotations

from typing import Any

from deploymatrix.host.recipes import packages_recipe
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


def wire_spec(model: Model, variant: str) -> dict[str, Any]:
    """Return the model's specification as a step sees it."""
    spec = model.spec
    return {
        "name": model.name,
        "framework": spec.framework,
        "family": spec.family,
        "variant": variant,
        "seed": spec.seed,
        "calibrate": spec.calibrate,
        "inputs": [t.model_dump(mode="json", include={"name", "dtype", "shape", "by"}) for t in spec.inputs],
        "outputs": [t.model_dump(mode="json", exclude={"constant"}) for t in spec.outputs],
    }
