"""What `clean` removes: what was generated, and containers that a dead run left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from deploymatrix.project import Project

RESULTS = ("store", "logs", "work", "costs.json", "matrix.json", "measurements.json")


def clean(project: Project, *, everything: bool) -> Iterator[str]:
    """Remove results and logs, with `everything` the whole build folder; yields a line for each thing removed."""
    from deploymatrix.containers import engine, reap_stale

    client = engine()
    if client is not None:
        yield f"containers of runs that are gone: {reap_stale(client)} removed"
    names = sorted(p.name for p in project.build.iterdir()) if project.build.is_dir() else []
    for name in names:
        if everything or name in RESULTS:
            path = project.build / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield f"{path}: removed"
