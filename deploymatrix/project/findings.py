"""The findings of a project: the folders of docs/findings/, of its own tree or the shipped one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.finding_specs import FindingSpec
from deploymatrix.project.nearest import nearest
from deploymatrix.project.project import Project
from deploymatrix.project.toml_files import read_spec

FINDINGS = "docs/findings"
FILE = "finding.toml"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A defect upstream: its name, its folder, what finding.toml says."""

    name: str
    folder: Path
    spec: FindingSpec

    @property
    def page(self) -> str:
        """The page about it, seen from the tree that it lies in."""
        return f"{FINDINGS}/{self.name}/finding.md"

    @property
    def link(self) -> str:
        """Where to read on: the thread upstream, or else the page."""
        return self.spec.issue or self.page


def read_findings(project: Project) -> dict[str, Finding]:
    """Return all findings by name; of two with one name the nearer one. Raise ConfigurationError for a broken file."""
    found: dict[str, Finding] = {}
    for file in (file for tree in project.trees for file in sorted(tree.glob(f"{FINDINGS}/*/{FILE}"))):
        name = file.parent.name
        if name not in found:
            found[name] = Finding(name=name, folder=file.parent, spec=read_spec(file, FindingSpec))
    return dict(sorted(found.items()))


def pick_findings(project: Project, names: Iterable[str]) -> list[Finding]:
    """Return the named findings; all of them when there is no name. Raise ConfigurationError for an unknown name."""
    findings = read_findings(project)
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in findings:
            raise ConfigurationError(f"unknown finding {name!r}; {nearest(name, list(findings))}")
    return [findings[name] for name in wanted or findings]
