"""`findings`: whether the defects upstream that this project has found are still there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands.options import AsJson, echo, print_json, project_of


def register(app: typer.Typer) -> None:
    app.command()(findings)


def findings(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Only these [default: all].")] = None,
    json: AsJson = False,
) -> None:
    """Run the reproducer of each finding. Exit 0 when every defect is still there, 1 when one is gone, so that its
    repair may be dropped, or a reproducer broke."""
    from deploymatrix.project.findings import pick_findings
    from deploymatrix.repro.findings import show

    project = project_of(context)
    shown = []
    for finding in pick_findings(project, names or ()):
        shown.append(show(project, finding, lambda text: echo(text, err=True)))
        if not json:
            echo(shown[-1].line())
    if json:
        print_json([asdict(each) for each in shown])
    elif not shown:
        echo("there are no findings: no tree of the project has docs/findings/*/finding.toml")
    if any(each.state != "still there" for each in shown):
        raise typer.Exit(errors.GATE_FAILED)
