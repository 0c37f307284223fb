"""Targets, and further versions and platforms of their runtimes: each is a target of its own that runs the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.names import known

if TYPE_CHECKING:
    from deploymatrix.project.runners import Runner
    from deploymatrix.project.specs import TargetSpec
    from deploymatrix.project.variant_specs import VariantSpec

VERSIONS, PLATFORMS = "versions", "platforms"  # the folders of further ones; the first is a tag, too
BEYOND = "reach"
# What says of such a target which of its cells are expected to fail.
FILES = {VERSIONS: "version.toml", PLATFORMS: "platform.toml"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A runtime: its name, its folder, what target.toml says. `variants`: those that it runs, by name.

    `version`, `version_of`: of a further version of a runtime, and the name of the target whose it is; else empty.
    `platform`: of a runtime on another platform, the name of the runner; else empty.
    """

    name: str
    folder: Path
    spec: TargetSpec
    variants: Mapping[str, VariantSpec] = field(default_factory=dict)
    version: str = ""
    version_of: str = ""
    platform: str = ""

    @property
    def is_further(self) -> bool:
        """Whether it is one of another target's versions or platforms."""
        return bool(self.version or self.platform)

    @property
    def file(self) -> Path:
        """What says how it is judged, and which of its cells are expected to fail."""
        return self.runtime / FILES[self.runtime.parent.name] if self.is_further else self.folder / "target.toml"

    @property
    def runtime(self) -> Path:
        """The folder with the lock of its runtime."""
        if self.version:
            return self.folder / VERSIONS / self.version
        return self.folder / PLATFORMS / self.platform if self.platform else self.folder


def further_of(target: Target, runners: Mapping[str, Runner]) -> Iterator[Target]:
    """Yield a target for each version and platform that target.toml lists: in the default variants, and no others.

    Raise ConfigurationError for one without a folder, and for a platform that no runner is for.
    """
    for version in target.spec.versions:
        yield _further(target, (VERSIONS,), {}, {"version": version, "version_of": target.name})
    for name in target.spec.platforms:
        others = [runner.name for runner in runners.values() if runner.spec.platform is not None]
        known(PLATFORMS, name, others, target.file)
        yield _further(target, runners[name].spec.tags, {"runner": name}, {"platform": name})


def _further(target: Target, tags: tuple[str, ...], about: dict[str, str], part: dict[str, str]) -> Target:
    """Return it as a target. about: where target.toml says something else of it. part: which version or platform."""
    variants = {name: variant for name, variant in target.variants.items() if variant.default}
    alike: dict[str, Any] = {
        "tags": tuple(dict.fromkeys((*tags, *target.spec.tags, BEYOND))),
        "variants": tuple(variants),
        "limits": {name: limit for name, limit in target.spec.limits.items() if name in variants},
        **{"versions": (), "platforms": (), "expectations": ()},
    }
    found = Target(
        name=f"{target.name}-{next(iter(part.values()))}",
        folder=target.folder,
        spec=target.spec.model_copy(update={**alike, **about}),
        variants=variants,
        **part,
    )
    if not found.runtime.is_dir():
        raise ConfigurationError(
            f"{target.file}: {found.runtime.parent.name}: there is no {found.runtime}; "
            "add it, with what its lock is made from"
        )
    return found
