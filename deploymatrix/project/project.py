"""What there is: the models, formats, frameworks and targets that the folders hold.

A folder is the registration. Nothing is imported; only TOML is read, and a broken folder is an error, not an absence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.labelled import require_data
from deploymatrix.project.model_files import check_model_files, seen_from
from deploymatrix.project.model_specs import ModelSpec, Timeouts
from deploymatrix.project.names import known
from deploymatrix.project.runners import FILE as RUNNER_FILE
from deploymatrix.project.runners import Runner, read_runners
from deploymatrix.project.specs import EnvironmentSpec, FrameworkSpec, PipelineSpec, StepSpec, TargetSpec
from deploymatrix.project.strict import Isolation
from deploymatrix.project.targets import Target, further_of
from deploymatrix.project.toml_files import read_spec
from deploymatrix.project.variant_specs import VariantSpec
from deploymatrix.project.variants import VARIANTS, check_pipeline_variants, check_target_variants, read_variants

FRAMEWORKS = "frameworks"
ENVIRONMENTS = "environments"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A reference model: its name, its folder, what model.toml says."""

    name: str
    folder: Path
    spec: ModelSpec
    source_module: Path | None = None  # of a model that model.toml gives without code

    @property
    def module(self) -> Path:
        """What builds it."""
        return self.source_module or self.folder / "model.py"

    @property
    def source_paths(self) -> tuple[Path, ...]:
        """The files and folders that model.toml names instead of code, or as the weights of code."""
        weights = [self.weights] if self.weights is not None else []
        return (*(self.folder / name for name in self.spec.source.files), *weights)

    @property
    def weights(self) -> Path | None:
        """The file that goes into what build() gives."""
        return seen_from(self.folder, self.spec.weights) if self.spec.weights is not None else None

    @property
    def import_folders(self) -> tuple[Path, ...]:
        """Where its code finds modules by their names: first beside model.py, then in the folders of `pythonpath`."""
        beside = [self.folder] if (self.folder / "model.py").is_file() else []
        return (*beside, *(seen_from(self.folder, name) for name in self.spec.pythonpath))

    @property
    def requirements(self) -> Path:
        """What asks for packages that its framework's environment lacks; there need be no such file."""
        return self.folder / "requirements.in"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Where everything lies: the user's folder, what is shipped, further model folders, and what is generated.

    A folder under pipelines/, targets/ or docker/ of `root` takes the place of the one of that name in `shipped`.
    """

    root: Path
    build: Path
    shipped: Path | None = None
    shipped_models: bool = True
    model_folders: tuple[Path, ...] = field(default=())
    pass_environment: tuple[str, ...] = ()  # variables of the user's that exporters see
    timeout_s: float | None = None  # for every task, instead of the models' own
    exporters: Isolation = "process"
    default: str = ""  # which cells are selected where the user selects none, by tags; empty: all
    default_targets: str = ""  # the same of targets

    @cached_property
    def models(self) -> dict[str, Model]:
        """All models by name. Raise ConfigurationError for a broken folder or a name used twice."""
        found: dict[str, Model] = {}
        for folder in self._model_folders():
            if folder.name in found:
                raise ConfigurationError(
                    f"{folder}: {found[folder.name].folder} is a model named {folder.name!r}, too; rename one"
                )
            spec = self._with_timeout(read_spec(folder / "model.toml", ModelSpec))
            module = self._source_module(folder, spec)
            model = Model(name=folder.name, folder=folder, spec=spec, source_module=module)
            self._check_model(model)
            found[folder.name] = model
        return found

    @cached_property
    def targets(self) -> dict[str, Target]:
        """All targets by name."""
        found = {}
        for folder in self._merged("targets"):
            spec = read_spec(folder / "target.toml", TargetSpec)
            known("format", spec.format, self.pipelines, folder / "target.toml")
            check_target_variants(folder / "target.toml", spec, self.variants)
            self._check_runner(folder, spec)
            variants = {name: self.variants[name] for name in spec.variants}
            own = Target(name=folder.name, folder=folder, spec=spec, variants=variants)
            for target in (own, *further_of(own, self.runners)):
                for needed in (self.run_module(target), self.runtime_lock(target)):
                    if not needed.is_file():
                        raise ConfigurationError(f"{needed}: missing; a target of runner {spec.runner!r} needs it")
                found[target.name] = target
        return dict(sorted(found.items()))

    @cached_property
    def pipelines(self) -> dict[str, PipelineSpec]:
        """All formats by name, each with the steps that lead to it."""
        special = {FRAMEWORKS, ENVIRONMENTS, VARIANTS}
        folders = [f for f in self._merged("pipelines") if f.name not in special]
        names = {f.name for f in folders}
        found = {}
        for folder in folders:
            spec = read_spec(folder / "pipeline.toml", PipelineSpec)
            for step in spec.steps:
                self._check_step(folder, step, names)
            check_pipeline_variants(folder / "pipeline.toml", spec, self.variants, self.frameworks)
            if spec.evaluation is not None:
                self._check_environment("evaluation.environment", spec.evaluation.environment, folder / "pipeline.toml")
            found[folder.name] = spec
        return found

    @cached_property
    def variants(self) -> dict[str, VariantSpec]:
        """All variants by name."""
        return read_variants(self.trees)

    @cached_property
    def frameworks(self) -> dict[str, FrameworkSpec]:
        """All frameworks by name."""
        folders = self._merged(f"pipelines/{FRAMEWORKS}")
        return {f.name: read_spec(f / "framework.toml", FrameworkSpec) for f in folders}

    @cached_property
    def runners(self) -> dict[str, Runner]:
        """All runners by name: the folders of docker/ with a runner.toml."""
        declared = (path for tree in self.trees for path in tree.glob(f"docker/*/{RUNNER_FILE}"))
        return read_runners(self._merged("docker"), declared)

    @property
    def base_recipe(self) -> Path:
        """The folder with what makes a base image where no registry answers."""
        return self._find("docker/base")

    def base_folder(self, runner: Runner) -> Path:
        """Return the folder with what makes a runner's base image: its own, where that is for another platform."""
        return self.base_recipe if runner.spec.platform is None else runner.folder

    @property
    def trees(self) -> tuple[Path, ...]:
        """Where pipelines, targets and runner images are looked for, nearest first."""
        return (self.root,) if self.shipped is None else (self.root, self.shipped)

    def shown(self, path: Path) -> str:
        """Return a file's name for a record or message: its path below the tree that it lies in."""
        tree = next((tree for tree in self.trees if path.is_relative_to(tree)), None)
        return path.relative_to(tree).as_posix() if tree else str(path)

    def step_module(self, format_: str, source: str) -> Path:
        return self._find(f"pipelines/{format_}") / f"from_{source}.py"

    def evaluator(self, format_: str) -> Path:
        """Return the module that answers for artifacts of a format in exact arithmetic."""
        return self._find(f"pipelines/{format_}") / "evaluate.py"

    def opener(self, framework: str, source_framework: str) -> Path:
        """Return the module that opens a frozen model of `source_framework` as an object of `framework`."""
        name = "framework.py" if framework == source_framework else f"from_{source_framework}.py"
        return self._find(f"pipelines/{FRAMEWORKS}/{framework}") / name

    def environment_lock(self, environment: str) -> Path:
        return self._find(f"pipelines/{ENVIRONMENTS}/{environment}.lock")

    def environment_variables(self, environment: str) -> dict[str, str]:
        path = self._find(f"pipelines/{ENVIRONMENTS}/{environment}.toml")
        return read_spec(path, EnvironmentSpec).variables if path.is_file() else {}

    def runner_of(self, target: Target) -> Runner:
        return self.runners[target.spec.runner]

    def runtime_lock(self, target: Target) -> Path:
        """Return the lock of the target's runtime-only environment."""
        return target.runtime / self.runner_of(target).lock_name

    def run_module(self, target: Target) -> Path:
        """Return the module that runs an artifact on the target."""
        return target.folder / self.runner_of(target).spec.entry

    def _model_folders(self) -> Iterable[Path]:
        yield from _folders(self.root / "models")
        if self.shipped is not None and self.shipped_models:
            yield from _folders(self.shipped / "models")
        for folder in self.model_folders:
            if not folder.is_dir():
                raise ConfigurationError(f"{folder}: there is no such model folder")
            inner = [folder] if (folder / "model.toml").is_file() else list(_folders(folder))
            if not inner:
                raise ConfigurationError(
                    f"{folder}: this folder holds no model (a folder with model.toml and model.py)"
                )
            yield from inner

    def _source_module(self, folder: Path, spec: ModelSpec) -> Path | None:
        """Return the module that builds a model without code; None for a model with a model.py."""
        if spec.source.kind == "python" or spec.framework not in self.frameworks:
            return None
        sources = self._find(f"pipelines/{FRAMEWORKS}/{spec.framework}") / "sources"
        kinds = ["python", *sorted(path.stem for path in sources.glob("*.py"))]
        known("source.kind", spec.source.kind, kinds, folder / "model.toml")
        return sources / f"{spec.source.kind}.py"

    def _merged(self, part: str) -> list[Path]:
        """List the folders of `part` by name, and of two with one name only the nearer one."""
        found: dict[str, Path] = {}
        for tree in self.trees:
            for folder in _folders(tree / part):
                found.setdefault(folder.name, folder)
        return [found[name] for name in sorted(found)]

    def _find(self, part: str) -> Path:
        """Return `part` in the nearest tree that has it; in `root` where none has."""
        if part not in self._places:
            has_it = (tree / part for tree in self.trees if (tree / part).exists())
            self._places[part] = next(has_it, self.root / part)
        return self._places[part]

    @cached_property
    def _places(self) -> dict[str, Path]:
        return {}

    def _with_timeout(self, spec: ModelSpec) -> ModelSpec:
        if self.timeout_s is None:
            return spec
        return spec.model_copy(update={"timeouts": Timeouts(export=self.timeout_s, run=self.timeout_s)})

    def _check_model(self, model: Model) -> None:
        toml = model.folder / "model.toml"
        known("framework", model.spec.framework, self.frameworks, toml)
        if not model.module.is_file():
            raise ConfigurationError(f"{model.module}: the file is missing; it must define build()")
        for name in model.spec.source.files:
            if not (model.folder / name).exists():
                raise ConfigurationError(f"{toml}: source: there is no {model.folder / name}")
        check_model_files(toml, model.spec, self.frameworks[model.spec.framework])
        require_data(model.folder, model.spec)
        for format_, choice in model.spec.routes.items():
            known("routes", format_, self.pipelines, toml)
            sources = {step.source for step in self.pipelines[format_].steps}
            if choice.source is not None:
                known(f"routes.{format_}.from", choice.source, sources, toml)

    def _check_runner(self, folder: Path, spec: TargetSpec) -> None:
        undeclared = self._find(f"docker/{spec.runner}")
        if spec.runner not in self.runners and undeclared.is_dir():
            raise ConfigurationError(f"{undeclared / RUNNER_FILE}: the file is missing; every runner needs one")
        known("runner", spec.runner, self.runners, folder / "target.toml")

    def _check_environment(self, key: str, name: str, toml: Path) -> None:
        if not self.environment_lock(name).is_file():
            locks = [p.stem for t in self.trees for p in (t / "pipelines" / ENVIRONMENTS).glob("*.lock")]
            known(key, name, locks, toml)

    def _check_step(self, folder: Path, step: StepSpec, formats: set[str]) -> None:
        toml = folder / "pipeline.toml"
        known("steps.from", step.source, {*self.frameworks, *formats}, toml)
        module = folder / f"from_{step.source}.py"
        if not module.is_file():
            raise ConfigurationError(f"{toml}: steps.from: {step.source!r} needs {module.name} beside it")
        self._check_environment("steps.environment", step.environment, toml)
        if step.frameworks and step.source not in self.frameworks:
            raise ConfigurationError(f"{toml}: steps.frameworks: {step.source!r} is a format; remove the key")
        for framework in step.frameworks:
            known("steps.frameworks", framework, self.frameworks, toml)
            opener = self.opener(step.source, framework)
            if not opener.is_file():
                raise ConfigurationError(f"{toml}: steps.frameworks: {framework!r} needs {opener}")


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith((".", "_")))
