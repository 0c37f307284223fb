"""What `list` prints: models, targets, routes and cells as rows."""

from __future__ import annotations

from typing import Any

import typer

from deploymatrix.printable import printable
from deploymatrix.project.names import pick
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.project import Project
from deploymatrix.project.selecting import selected, targets_of

Row = dict[str, Any]


def listing(project: Project, what: str, selection: Selection) -> list[Row]:
    """Return the rows of one kind, sorted by name; every row of a kind has the same keys."""
    if what == "models":
        models = pick("model", selection.models, project.models).values()
        return [
            {
                "model": m.name,
                "framework": m.spec.framework,
                "family": m.spec.family,
                "tags": list(m.spec.tags),
                "inputs": [f"{t.name}: {t.type}" for t in m.spec.inputs],
                "outputs": [f"{t.name}: {t.type}" for t in m.spec.outputs],
            }
            for m in models
        ]
    if what == "targets":
        default = {t.name for t in targets_of(project, selected(project))}
        return [
            {
                "target": t.name,
                "format": t.spec.format,
                "runner": t.spec.runner,
                "tags": list(t.spec.tags),
                "default": t.name in default,
            }
            for t in pick("target", selection.targets, project.targets).values()
        ]
    cells = plan_cells(project, selection)
    if what == "routes":
        return [
            {
                "model": c.model.name,
                "format": c.target.spec.format,
                "variant": c.variant,
                "route": str(c.route) if c.route else None,
                "steps": [f"{s.name} in {s.environment}" for s in c.route.steps] if c.route else [],
            }
            for c in cells
        ]
    return [{"cell": c.name, "route": str(c.route) if c.route else None} for c in cells]


def print_listing(rows: list[Row]) -> None:
    """Print one row a line, with aligned columns."""
    texts = [[_text(value) for value in row.values()] for row in rows]
    widths = [max(len(text[column]) for text in texts) for column in range(len(texts[0]))] if texts else []
    for text in texts:
        line = "  ".join(entry.ljust(width) for entry, width in zip(text, widths, strict=True)).rstrip()
        typer.echo(printable(line))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
