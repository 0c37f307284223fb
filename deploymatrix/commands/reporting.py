"""`report`: everything that people and CI hosts read, from one matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploymatrix.commands.options import build_of, echo, project_of


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    context: typer.Context,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The matrix [default: BUILD/matrix.json].")
    ] = None,
    history: Annotated[
        list[Path] | None,
        typer.Option("--history", metavar="FILE", help="An earlier matrix, oldest first; repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="[default: BUILD/report].")] = None,
) -> None:
    """Write the page, Markdown, JUnit XML, step summary, annotations and badges of a matrix."""
    from deploymatrix.matrix.files import MATRIX
    from deploymatrix.project.findings import read_findings
    from deploymatrix.report.write import write_reports

    build = build_of(context)
    findings = read_findings(project_of(context))
    for path in write_reports(source or build / MATRIX, out or build / "report", tuple(history or ()), findings):
        echo(path)
