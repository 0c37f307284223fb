"""Targets, and the further versions of their runtimes: each of these is a target of its own that runs the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError

if TYPE_CHECKING:
    from deploymatrix.project.specs import TargetSpec
    from deploymatrix.project.variant_specs import VariantSpec

VERSIONS = "versions"  # the folder of further versions, and their first tag
BEYOND = "reach"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A runtime: its name, its folder, what target.toml says. `variants`: those that it runs, by name.

    `version`, `version_of`: of a further version of a runtime, and the name of the target whose it is; else empty.
    """

    name: str
    folder: Path
    spec: TargetSpec
    variants: Mapping[str, VariantSpec] = field(default_factory=dict)
    version: str = ""
    version_of: str = ""

    @property
    def file(self) -> Path:
        """What says how it is judged, and which of its cells are expected to fail."""
        return self.runtime / "version.toml" if self.version else self.folder / "target.toml"

    @property
    def runtime(self) -> Path:
        """The folder with the lock of its runtime."""
        return self.folder / VERSIONS / self.version if self.version else self.folder


def versions_of(target: Target) -> Iterator[Target]:
    """Yield a target for each version that target.toml lists: in the variants that are run by default, and no others.

    Raise ConfigurationError for a version without a folder.
    """
    variants = {name: variant for name, variant in target.variants.items() if variant.default}
    limits = {name: limit for name, limit in target.spec.limits.items() if name in variants}
    tags = tuple(dict.fromkeys((VERSIONS, *target.spec.tags, BEYOND)))
    about = {"tags": tags, "variants": tuple(variants), "limits": limits, "versions": (), "expectations": ()}
    for version in target.spec.versions:
        found = Target(
            name=f"{target.name}-{version}",
            folder=target.folder,
            spec=target.spec.model_copy(update=about),
            variants=variants,
            version=version,
            version_of=target.name,
        )
        if not found.runtime.is_dir():
            raise ConfigurationError(
                f"{target.file}: versions: there is no {found.runtime}; add it, with what its lock is made from"
            )
        yield found
