"""The records of the TOML files other than model.toml: pipelines, frameworks, targets, the project.

A mistake in a file becomes a ConfigurationError that names the file, the key and the remedy.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.expressions import compile_expression
from deploymatrix.project.limit_specs import TargetLimits
from deploymatrix.project.strict import FolderName, Strict
from deploymatrix.project.warning_specs import WarningRule
from deploymatrix.project.widening_specs import WideningRule

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
REPLACING = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "LD_PRELOAD"})  # of locked packages


class StepSpec(Strict):
    """One step to a format: from_<source>.py, run in an environment. `from`: a framework, another format, or this one.

    `variants`: those that it makes. `from_variant`: the one that it starts from; by default the one that it makes.
    `host`: its artifacts are machine code, which this kind of processor alone runs; another machine makes its own.
    """

    former_keys = {"source": 'write from = "…"'}

    source: Annotated[FolderName, Field(alias="from")]
    environment: FolderName
    frameworks: tuple[FolderName, ...] = ()
    variants: Annotated[tuple[FolderName, ...], Field(min_length=1)] = ("fp32",)
    from_variant: FolderName | None = None
    host: bool = False
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _starts_from_another(self) -> Self:
        if self.from_variant in self.variants:
            raise ValueError(f"from_variant = {self.from_variant!r} is a variant that the step makes, too; remove one")
        return self


class EvaluationSpec(Strict):
    """What answers for artifacts of a format in exact arithmetic: evaluate.py, in an environment, for some variants."""

    environment: FolderName
    variants: Annotated[tuple[FolderName, ...], Field(min_length=1)]


class UnsupportedSpec(Strict):
    """Why no step makes a variant; of models of these frameworks alone, where it names some."""

    reason: Annotated[str, Field(min_length=10)]
    frameworks: tuple[FolderName, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _may_be_the_reason_alone(cls, given: Any) -> Any:
        return {"reason": given} if isinstance(given, str) else given

    def is_about(self, framework: str) -> bool:
        return not self.frameworks or framework in self.frameworks


class PipelineSpec(Strict):
    """pipelines/<format>/pipeline.toml: the steps that lead to a format, in order of preference.

    `artifacts`: the names of such artifacts, as "*.onnx"; those of a folder by a file in it, as "*/model.json".
    `warnings`: what their exporters may say about the truth of an artifact. `unsupported`: the variants that no step
    makes, each with the reason, or { reason, frameworks } where a step makes them of other frameworks' models.
    `widening`: which option of the last step makes artifacts that older runtimes take. `evaluation`: the second
    reference of what is quantised.
    """

    former_keys = {"sources": 'write [[steps]], and in each step from = "…" instead of source = "…"'}

    artifacts: tuple[str, ...] = ()
    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1)]
    warnings: tuple[WarningRule, ...] = ()
    widening: tuple[WideningRule, ...] = ()
    unsupported: dict[FolderName, UnsupportedSpec] = {}
    evaluation: EvaluationSpec | None = None

    def why_unsupported(self, variant: str, framework: str) -> str:
        """Return why no artifact of a framework's model is made in a variant; empty where the file says nothing."""
        found = self.unsupported.get(variant)
        return found.reason if found is not None and found.is_about(framework) else ""


class Budget(Strict):
    """The most that the cells of one pattern may use; an absent key sets no limit.

    latency_ratio: of a variant, median run over that of the same model and target in full precision; of that one,
    median run over eager float32 on the same machine. headroom: share of the error limit of any output.
    size_ratio: bytes of a variant's artifact over those in full precision. accuracy_drop: how much lower the model's
    metric is than that of its float64 reference, so 0.01 is one point of a hundred.
    """

    artifact_bytes: Annotated[int, Field(ge=1)] | None = None
    artifact_mb: Annotated[float, Field(gt=0)] | None = None
    latency_ratio: Annotated[float, Field(gt=0)] | None = None
    headroom: Annotated[float, Field(gt=0, le=1)] | None = None
    size_ratio: Annotated[float, Field(gt=0)] | None = None
    accuracy_drop: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _sets_one_size_at_most(self) -> Self:
        if self.artifact_bytes is not None and self.artifact_mb is not None:
            raise ValueError("artifact_bytes and artifact_mb set the same limit; keep one")
        if not self.model_dump(exclude_none=True):
            raise ValueError(
                "this budget sets no limit; give artifact_mb (or artifact_bytes), size_ratio, latency_ratio, "
                "headroom or accuracy_drop"
            )
        return self

    @property
    def bytes(self) -> int | None:
        """The limit on the artifact's size; a MB is 1,000,000 bytes."""
        return self.artifact_bytes if self.artifact_mb is None else int(self.artifact_mb * 1_000_000)


class BudgetsFile(Strict):
    """budgets.toml: budgets by cell pattern."""

    budgets: dict[str, Budget] = {}


class ProjectSpec(Strict):
    """deploymatrix.toml, in the folder of a user's project; every key may be left out.

    `models`: further model folders, or folders of them, beside models/. `shipped`: whether the project uses the
    targets, pipelines and runner images that come with deploymatrix; `shipped_models`: the same for models.
    `pass_environment`: variables of yours that exporters see, besides those that they need.
    `exporters`: where models and exporters run; "docker" is for code that is not trusted.
    `default`: an expression of tags; what it selects is the plan wherever -m and -k select nothing. "" selects all.
    `default_targets`: the same of the tags of targets, wherever -t selects nothing.
    """

    models: tuple[str, ...] = ()
    build: str = "build"
    shipped: bool | None = None
    shipped_models: bool = True
    pass_environment: tuple[VariableName, ...] = ()
    exporters: Literal["process", "docker"] = "process"
    budgets: dict[str, Budget] = {}
    default: str = "core or not zoo"
    default_targets: str = "not reach"

    @field_validator("default", "default_targets")
    @classmethod
    def _selects_by_tags(cls, expression: str) -> str:
        if expression:
            try:
                compile_expression(expression)
            except ConfigurationError:
                raise ValueError("not an expression; join tags by and, or, not") from None
        return expression

    @field_validator("pass_environment")
    @classmethod
    def _replace_nothing_that_is_locked(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in REPLACING.intersection(names):
            raise ValueError(f"{name} would put other code in the place of what is locked; remove it")
        return names


class FrameworkSpec(Strict):
    """pipelines/frameworks/<name>/framework.toml.

    `executing`: the kinds of [source] whose files can run code when they are opened, each with the reason. Such a model
    is opened only where its model.toml says `trust = true`. `weights`: how the names of files end that go into what
    build() gives. `whole`: how those end that are models without code, each with its kind of [source]; "/" is a folder.
    `refused`: those that are opened in no way, each with the reason.
    """

    environment: FolderName
    executing: dict[FolderName, Annotated[str, Field(min_length=10)]] = {}
    weights: tuple[str, ...] = ()
    whole: dict[str, FolderName] = {}
    refused: dict[str, Annotated[str, Field(min_length=10)]] = {}


class EnvironmentSpec(Strict):
    """pipelines/environments/<name>.toml: variables that are set before the environment's interpreter starts."""

    variables: dict[str, str] = {}


class Resources(Strict):
    """The most that one runner may use: MiB of memory, processes and threads, cores."""

    memory_mb: Annotated[int, Field(ge=64)] = 4096
    pids: Annotated[int, Field(ge=16)] = 512
    cpus: Annotated[float, Field(gt=0)] | None = None


class Expectation(Strict):
    """A reviewed entry that says which cells need not pass, and why. `expires`: the last day on which it counts."""

    cell: Annotated[str, Field(min_length=1)]
    outcome: str
    stage: str | None = None
    reason: Annotated[str, Field(min_length=10)]
    link: Annotated[str, Field(pattern=r"^(https?://|docs/)\S+$")]
    expires: date | None = None

    @field_validator("expires", mode="before")
    @classmethod
    def _is_a_date(cls, value: object) -> object:
        if isinstance(value, datetime) or not isinstance(value, str | date | None):
            raise ValueError("write a date: expires = 2027-03-31")
        return value


class ExpectationsFile(Strict):
    """The file of --expectations: entries about cells of any target."""

    expectations: tuple[Expectation, ...] = ()


class TargetSpec(Strict):
    """targets/<name>/target.toml.

    `variants`: those that it runs, a cell for each model and variant. `limits`: for each of them that is judged by
    rounding, how far answers may be off, max|y - y64| / max|y64| of an output and of each slice of it. `system`: the
    only one on which its runtime runs; on others artifacts are made, their outcome is `exported`, and never green.
    `versions`: further ones of its runtime, each with its lock in versions/<version>/, which run the same artifacts.
    `platforms`: runners of another platform, each with a lock in platforms/<runner>/, where they run, too.
    """

    format: FolderName
    runner: FolderName
    tags: tuple[str, ...] = ()
    variants: Annotated[tuple[FolderName, ...], Field(min_length=1)]
    limits: dict[FolderName, TargetLimits] = {}
    system: Literal["Linux", "macOS", "Windows"] | None = None
    versions: tuple[FolderName, ...] = ()
    platforms: tuple[FolderName, ...] = ()
    resources: Resources = Resources()
    expectations: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _limits_are_of_variants(self) -> Self:
        if len(set(self.variants)) != len(self.variants):
            raise ValueError(f"variants must differ: {', '.join(self.variants)}")
        extra = [variant for variant in self.limits if variant not in self.variants]
        if extra:
            raise ValueError(
                f"limits has {', '.join(extra)}, which variants does not declare; add it there or remove it"
            )
        return self
