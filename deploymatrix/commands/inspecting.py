"""`list`, `doctor` and `schema`: what the project holds, what the machine has, what matrix.json looks like."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from deploymatrix import errors
from deploymatrix.commands.options import (
    AsJson,
    Expression,
    ModelFolders,
    Models,
    Targets,
    echo,
    print_json,
    project_of,
    selection_of,
)


def register(app: typer.Typer) -> None:
    app.command("list")(list_)
    app.command()(doctor)
    app.command()(schema)


def list_(
    context: typer.Context,
    what: Annotated[Literal["models", "targets", "routes", "cells"], typer.Argument()],
    target: Targets = None,
    model: Models = None,
    expression: Expression = "",
    models: ModelFolders = None,
    json: AsJson = False,
) -> None:
    """List models, targets, routes or cells, also those that no run takes by default."""
    from dataclasses import replace

    from deploymatrix.report.listing import listing, print_listing

    project = project_of(context, models)
    selected = selection_of(project, target, model, expression)
    rows = listing(project, what, replace(selected, default="", default_targets="", default_variants=()))
    print_json(rows) if json else print_listing(rows)


def doctor(context: typer.Context, json: AsJson = False) -> None:
    """Show what this machine has, what it lacks, and what to do about that."""
    from deploymatrix.host.doctor import examine, print_findings

    findings = examine(project_of(context, anywhere=True))
    print_json([finding.__dict__ for finding in findings]) if json else print_findings(findings, echo)
    if any(finding.needed and not finding.found for finding in findings):
        raise typer.Exit(errors.INCOMPLETE)


def schema() -> None:
    """Print the JSON Schema of matrix.json."""
    from deploymatrix.matrix.records import Matrix

    print_json(Matrix.model_json_schema())
