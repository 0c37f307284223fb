"""`run` and `matrix`: decide cells, and print them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deploymatrix import errors
from deploymatrix.commands.options import (
    AsJson,
    ExpectationsFile,
    Exporters,
    Expression,
    Isolation,
    ModelFolders,
    Models,
    Platform,
    Targets,
    Variants,
    build_of,
    echo,
    print_json,
    project_of,
    selection_of,
)

if TYPE_CHECKING:
    from deploymatrix.execution.explain_plan import TaskExplanation
    from deploymatrix.matrix.records import Matrix
    from deploymatrix.report.grid import By


PAPER = 160  # columns where no terminal says how many there are: a log is not cut


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(matrix)


def run(
    context: typer.Context,
    target: Targets = None,
    model: Models = None,
    variant: Variants = None,
    expression: Expression = "",
    models: ModelFolders = None,
    platform: Platform = "",
    isolation: Isolation = "auto",
    exporters: Exporters = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help="Tasks at a time; 0: one a core.")] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", min=0.1, help="Seconds for each task, instead of the model's own."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take nothing from the store.")] = False,
    explain_plan: Annotated[
        bool, typer.Option("--explain-plan", help="Only show for each task whether it is cached, or why not.")
    ] = False,
    expectations: ExpectationsFile = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="PART", help="Only this part of the selected cells: i/n, or target=NAME; see merge."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Export, run and compare the selected cells; print the matrix. Exit code 1 when a cell is red."""
    from deploymatrix.execution.progress import make_progress
    from deploymatrix.execution.run import RunOptions, explain
    from deploymatrix.execution.run import run as run_cells

    project = project_of(context, models, timeout)
    selection = selection_of(project, target, model, expression, variant, platform)
    project = replace(project, exporters=exporters or project.exporters)
    options = RunOptions(isolation=isolation, jobs=jobs, fresh=fresh, expectations=expectations, shard=shard)
    if explain_plan:
        _show_explanations(explain(project, selection, options, lambda text: echo(text, err=True)), json)
        return
    with make_progress() as progress:
        matrix = run_cells(project, selection, options, progress, progress.say)
    if matrix.shard:
        echo(f"shard {shard}: {len(matrix.cells)} of {len(matrix.shard.cells)} planned cells", err=True)
    show(matrix, "json" if json else "table", build=project.build)
    _conclude(matrix, json)


def matrix(
    context: typer.Context,
    format_: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="How to print it.")
    ] = "table",
    by: Annotated[
        Literal["model", "family", "target"], typer.Option("--by", help="What the rows are, or are sorted by.")
    ] = "model",
) -> None:
    """Print the matrix of the last run."""
    from deploymatrix.matrix.derived import without_contradicted
    from deploymatrix.matrix.files import MATRIX, read_matrix

    recorded = read_matrix(build_of(context) / MATRIX)
    shown = recorded if format_ == "json" else without_contradicted(recorded)
    show(shown, format_, by, build=build_of(context))


def _show_explanations(explanations: list[TaskExplanation], as_json: bool) -> None:
    if as_json:
        print_json([explanation.__dict__ for explanation in explanations])
        return
    for explanation in explanations:
        state = "cached" if explanation.cached else "to do"
        echo(f"{state}  {explanation.task}" + (f": {explanation.reason}" if explanation.reason else ""))


def show(matrix: Matrix, format_: str, by: By = "model", *, build: Path) -> None:
    """Print the matrix; beside it as a table, what the measurements in the build folder say of its variants."""
    from deploymatrix.matrix.files import MEASUREMENTS, read_measurements
    from deploymatrix.report.grid import readable

    if format_ == "json":
        print_json(matrix.model_dump(mode="json"))
        return
    times, by = read_measurements(build / MEASUREMENTS), readable(matrix, by)
    if format_ == "markdown":
        from deploymatrix.report.markdown import markdown

        echo(markdown(matrix, by, times), nl=False)
    else:
        from rich.console import Console

        from deploymatrix.report.table import print_table

        print_table(matrix, Console(width=None if sys.stdout.isatty() else PAPER), by, times)


def _conclude(matrix: Matrix, as_json: bool) -> None:
    """Exit by what the last line says; beside JSON on stdout, that line goes to stderr."""
    from deploymatrix.matrix.counts import count

    counts = count(matrix)
    if as_json:
        for line in matrix.unmatched:
            echo(f"unmatched: {line}", err=True)
        echo(counts.sentence, err=True)
    if counts.missing:
        raise typer.Exit(errors.INCOMPLETE)
    if counts.all_red:
        raise typer.Exit(errors.GATE_FAILED)
