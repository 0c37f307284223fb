"""`evidence`: the last run's result as a statement that standard tools can sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploymatrix.commands.options import ExpectationsFile, ModelFolders, echo, print_json, project_of

if TYPE_CHECKING:
    from deploymatrix.execution.release import Terms
    from deploymatrix.project.project import Project


def register(app: typer.Typer) -> None:
    app.command()(evidence)


def evidence(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there [default: print].")] = None,
    models: ModelFolders = None,
    expectations: ExpectationsFile = None,
) -> None:
    """Write an in-toto statement of the last run's result: digests of the artifacts, the cells, and what decided them.

    Its result is that of `gate`: FAILED where the gate is closed. Sign it; `gate --evidence` checks what it says."""
    from deploymatrix.execution.release import Terms
    from deploymatrix.project.selecting import selected
    from deploymatrix.store.files import write_json

    project = project_of(context, models)
    terms = Terms(selection=selected(project), expectations=expectations, read_artifacts=True)
    statement = _statement(project, terms)
    if out is None:
        print_json(statement)
        return
    write_json(out, statement)
    predicate = statement["predicate"]
    echo(f"{out}: {predicate['result']}, {len(predicate['passedTests'])} cells passed")


def evidence_differences(project: Project, terms: Terms, file: Path) -> tuple[str, ...]:
    """Return a line for each thing that a statement says otherwise than the matrix and the artifacts.

    Raise ConfigurationError for what is no statement, and for a selection, of which there is none.
    """
    from deploymatrix.errors import ConfigurationError
    from deploymatrix.execution.release import Terms
    from deploymatrix.matrix.evidence import differences, read_statement

    if terms.selection != terms.selection.whole:
        raise ConfigurationError("--evidence is about the whole plan; leave out -t, -m and -k")
    present = _statement(
        project, Terms(selection=terms.selection, expectations=terms.expectations, read_artifacts=True)
    )
    return differences(read_statement(file), present)


def _statement(project: Project, terms: Terms) -> dict[str, Any]:
    from deploymatrix.execution.release import decide
    from deploymatrix.matrix.files import MATRIX
    from deploymatrix.matrix.locks import locks_of
    from deploymatrix.matrix.statement import statement_of
    from deploymatrix.store import digests

    release = decide(project, terms)
    installers = {name: project.runner_of(target).spec.installer for name, target in project.targets.items()}
    return statement_of(
        release.matrix,
        digests.of_file(project.build / MATRIX),
        release.decision,
        locks_of(project, release.plan),
        installers,
    )
