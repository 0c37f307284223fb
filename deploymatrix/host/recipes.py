"""What a target's runtime and image are made from, as target.toml and its runner say."""

from __future__ import annotations

from deploymatrix.environments.recipes import BaseRecipe, ImageRecipe, PackagesRecipe, RuntimeRecipe
from deploymatrix.project.project import Model, Project
from deploymatrix.project.targets import Target


def runtime_recipe(project: Project, target: Target) -> RuntimeRecipe:
    """Return what the target's runtime-only environment is made from."""
    runner = project.runner_of(target)
    return RuntimeRecipe(
        name=f"target-{target.name}",
        installer=runner.spec.installer,
        lock=project.runtime_lock(target),
        interpreter=runner.interpreter_lock,
    )


EXPORTERS_IMAGE = "python:3.11-slim-bookworm"
EXPORTERS_PACKAGES = ("python3", "libgomp1", "libstdc++6")


def exporters_base(project: Project) -> BaseRecipe:
    """Return what exporters start from in containers: Python and the libraries that frameworks take for granted."""
    runtime = RuntimeRecipe(name="exporters", installer="pip", lock=project.root)  # Python is in the image
    return BaseRecipe(
        runner="exporters",
        image=EXPORTERS_IMAGE,
        debian=EXPORTERS_PACKAGES,
        folder=project.base_recipe,
        runtime=runtime,
    )


def packages_recipe(project: Project, model: Model, environment: str) -> PackagesRecipe | None:
    """Return what the model's own packages over an environment are made from; None for a model that asks for none."""
    if not model.requirements.is_file():
        return None
    return PackagesRecipe(
        model=model.name,
        lock=model.requirements.with_suffix(".lock"),
        environment=environment,
        environment_lock=project.environment_lock(environment),
    )


def image_recipe(project: Project, target: Target) -> ImageRecipe:
    """Return what the target's image is made from."""
    runner, runtime = project.runner_of(target), runtime_recipe(project, target)
    base = BaseRecipe(
        runner=runner.name,
        image=runner.spec.base,
        debian=runner.spec.debian.packages if runner.spec.debian else (),
        folder=project.base_folder(runner),
        runtime=runtime,
        platform=runner.spec.platform,
    )
    return ImageRecipe(
        target=target.name, dockerfile=runner.dockerfile, base=base, runtime=runtime, headers=runner.spec.headers
    )
