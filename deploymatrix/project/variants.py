"""The variants of a project, and whether its pipelines and targets name them rightly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.names import known
from deploymatrix.project.toml_files import read_spec
from deploymatrix.project.variant_specs import VariantSpec

if TYPE_CHECKING:
    from deploymatrix.project.specs import PipelineSpec, TargetSpec

VARIANTS = "variants"


def read_variants(trees: Iterable[Path]) -> dict[str, VariantSpec]:
    """Return all variants by name; of two with one name that of the nearer tree, which is the first."""
    found: dict[str, Path] = {}
    for tree in trees:
        for file in sorted((tree / "pipelines" / VARIANTS).glob("*.toml")):
            found.setdefault(file.stem, file)
    return {name: read_spec(found[name], VariantSpec) for name in sorted(found)}


def check_target_variants(toml: Path, spec: TargetSpec, variants: Mapping[str, VariantSpec]) -> None:
    """Raise ConfigurationError for a variant that is not there, or a limit of the other kind."""
    for name in spec.variants:
        known("variants", name, variants, toml)
        by_rounding = variants[name].judgement == "rounding"
        if by_rounding and name not in spec.limits:
            raise ConfigurationError(f"{toml}: limits has no limit for the variant {name}; add it")
        if not by_rounding and name in spec.limits:
            raise ConfigurationError(f"{toml}: limits.{name}: this variant is judged by its noise; remove the key")


def check_pipeline_variants(
    toml: Path, spec: PipelineSpec, variants: Mapping[str, VariantSpec], frameworks: Iterable[str]
) -> None:
    """Raise ConfigurationError for a variant or framework that is not there, or one both made and unsupported."""
    for step in spec.steps:
        for name in step.variants:
            known("steps.variants", name, variants, toml)
            if name in spec.unsupported and not spec.unsupported[name].frameworks:
                raise ConfigurationError(
                    f"{toml}: unsupported.{name}: a step of this file makes it; remove one of both"
                )
        if step.from_variant is not None:
            known("steps.from_variant", step.from_variant, variants, toml)
    for name in [*(spec.evaluation.variants if spec.evaluation else ()), *spec.unsupported]:
        known("variants", name, variants, toml)
    for entry in spec.unsupported.values():
        for name in entry.frameworks:
            known("unsupported.frameworks", name, frameworks, toml)
    if spec.evaluation is not None and not (toml.parent / "evaluate.py").is_file():
        raise ConfigurationError(f"{toml}: evaluation: it needs evaluate.py beside it")
