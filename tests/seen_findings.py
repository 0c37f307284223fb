"""Which findings were seen as they are now. Their reproducers run every night; on a commit, those that changed since.

python -m tests.seen_findings [NAME …] runs those that changed, or these, and notes what was still there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.project.findings import Finding, pick_findings, read_findings
from deploymatrix.project.project import Project
from deploymatrix.repro.findings import show
from deploymatrix.store import digests
from tests.runtimes import SHIPPED

NOTES = Path(__file__).with_suffix(".json")


def noted() -> dict[str, str]:
    """Return the digest of each finding when its reproducer was last seen."""
    notes: dict[str, str] = json.loads(NOTES.read_text(encoding="utf-8"))
    return notes


def digest_of(project: Project, finding: Finding) -> str:
    """Return the digest of all that decides what a reproducer shows: its folder, and the locks of its environments."""
    names = {path.relative_to(finding.folder).as_posix(): path for path in digests.files_of(finding.folder)}
    locks = dict(enumerate(_locks(project, finding)))
    return digests.of_data({str(name): digests.of_file(path) for name, path in {**names, **locks}.items()})


def _locks(project: Project, finding: Finding) -> Iterator[Path]:
    spec = finding.spec
    yield project.environment_lock(spec.environment)
    if spec.source is not None:
        yield project.environment_lock(spec.source)
    if spec.target is not None:
        yield from runtime_recipe(project, project.targets[spec.target]).files


def main() -> int:
    """Run reproducers; exit 1 where one is gone or broke."""
    before, now = noted(), {name: digest_of(SHIPPED, found) for name, found in read_findings(SHIPPED).items()}
    names = sys.argv[1:] or [name for name in now if before.get(name) != now[name]]
    shown = [show(SHIPPED, finding, print) for finding in (pick_findings(SHIPPED, names) if names else [])]
    print(*(each.line() for each in shown), sep="\n")
    seen = {each.name for each in shown if each.state == "still there"}
    kept = {name: digest for name, digest in now.items() if name in seen or before.get(name) == digest}
    NOTES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return int(len(seen) < len(shown))


if __name__ == "__main__":
    sys.exit(main())
