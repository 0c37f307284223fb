"""The command `deploymatrix`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from deploymatrix import errors

if TYPE_CHECKING:
    from deploymatrix.plan import Selection
    from deploymatrix.project import Project

app = typer.Typer(
    name="deploymatrix",
    help="Tells, before a release, where a model really runs: exports, runs and compares it on every target.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Targets = Annotated[
    list[str] | None, typer.Option("-t", "--target", metavar="TARGET", help="Only this target; repeatable.")
]
Models = Annotated[
    list[str] | None, typer.Option("-m", "--model", metavar="MODEL", help="Only this model; repeatable.")
]
Expression = Annotated[
    str, typer.Option("-k", metavar="EXPR", help="Only cells that match: names, globs, tags; and, or, not.")
]
ModelFolders = Annotated[
    list[Path] | None,
    typer.Option("--models", metavar="DIR", help="A further model folder, or a folder of them; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def root(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option("--root", metavar="DIR", help="Where pipelines/ and targets/ lie [default: here]."),
    ] = None,
    build: Annotated[
        Path | None,
        typer.Option("--build-dir", metavar="DIR", help="For all that is generated [default: ROOT/build]."),
    ] = None,
) -> None:
    """Options of every command."""
    place = (project or _default_root()).resolve()
    context.obj = (place, (build or place / "build").resolve())


@app.command("list")
def list_(
    context: typer.Context,
    what: Annotated[Literal["models", "targets", "routes", "cells"], typer.Argument()],
    target: Targets = None,
    model: Models = None,
    expression: Expression = "",
    models: ModelFolders = None,
    json: AsJson = False,
) -> None:
    """List models, targets, routes or cells."""
    from deploymatrix.listing import listing, print_listing

    rows = listing(_project(context, models), what, _selection(target, model, expression))
    _print_json(rows) if json else print_listing(rows)


@app.command()
def run(
    context: typer.Context,
    target: Targets = None,
    model: Models = None,
    expression: Expression = "",
    models: ModelFolders = None,
    isolation: Annotated[
        Literal["auto", "docker", "process"], typer.Option(help="Where artifacts run.")
    ] = "auto",
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help="Tasks at a time; 0: one a core.")] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", min=0.1, help="Seconds for each task, instead of the model's own."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take nothing from the store.")] = False,
    json: AsJson = False,
) -> None:
    """Export, run and compare the selected cells; print the matrix. Exit code 1 when a cell is red."""
    from deploymatrix.progress import make_progress
    from deploymatrix.run import RunOptions
    from deploymatrix.run import run as run_cells

    options = RunOptions(isolation=isolation, jobs=jobs, fresh=fresh)
    with make_progress() as progress:
        matrix = run_cells(
            _project(context, models, timeout),
            _selection(target, model, expression),
            options,
            progress,
            progress.say,
        )
    _show(matrix, "json" if json else "table")
    _exit_by_verdicts(matrix)


@app.command()
def matrix(
    context: typer.Context,
    format_: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="How to print it.")
    ] = "table",
) -> None:
    """Print the matrix of the last run."""
    from deploymatrix.matrix import MATRIX, read_matrix

    _show(read_matrix(context.obj[1] / MATRIX), format_)


@app.command()
def gate(
    context: typer.Context,
    target: Targets = None,
    model: Models = None,
    expression: Expression = "",
    models: ModelFolders = None,
) -> None:
    """Exit 0 only when every planned cell passed or carries a matching expectation; 1 for a red cell, 4 for a missing one."""
    from deploymatrix.gate import explain_red
    from deploymatrix.gate import gate as decide
    from deploymatrix.matrix import MATRIX, read_matrix
    from deploymatrix.plan import plan_cells

    planned = plan_cells(_project(context, models), _selection(target, model, expression))
    decision = decide(planned, read_matrix(context.obj[1] / MATRIX))
    for cell in decision.red:
        typer.echo(f"red: {explain_red(cell)}")
    for name in decision.missing:
        typer.echo(f"missing: {name}: no result in the matrix; run it")
    for cell in decision.expected:
        typer.echo(f"expected: {explain_red(cell)}")
    state = "open" if decision.is_open else "closed"
    typer.echo(
        f"gate {state}: {decision.passed} passed, {len(decision.expected)} expected, "
        f"{len(decision.red)} red, {len(decision.missing)} missing"
    )
    if not decision.is_open:
        raise typer.Exit(errors.GATE_FAILED if decision.red else errors.INCOMPLETE)


@app.command()
def doctor(context: typer.Context, json: AsJson = False) -> None:
    """Tell what is here, what is missing, and what to do about it."""
    from deploymatrix.doctor import examine, print_findings

    findings = examine(_project(context, None))
    _print_json([finding.__dict__ for finding in findings]) if json else print_findings(findings)
    if any(finding.needed and not finding.found for finding in findings):
        raise typer.Exit(errors.INCOMPLETE)


@app.command()
def clean(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Environments, base images and all else under the build folder.")
    ] = False,
) -> None:
    """Remove stored results, logs and left-over containers; with --all also environments and images."""
    from deploymatrix.cleaning import clean as remove

    for line in remove(_project(context, None), everything=everything):
        typer.echo(line)


@app.command()
def lock(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Only these; all when none is named.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell which lock is older than its .in.")
    ] = False,
) -> None:
    """Make the locks of the environments anew from their .in files."""
    from deploymatrix.locks import lock as make
    from deploymatrix.locks import stale

    if check:
        old = stale(context.obj[0])
        for path in old:
            typer.echo(f"stale: {path}; run `nox -s lock`")
        raise typer.Exit(errors.GATE_FAILED if old else errors.OK)
    make(context.obj[0], tuple(names or ()), typer.echo)


@app.command()
def images(context: typer.Context, target: Targets = None) -> None:
    """Build the targets' runner images."""
    from deploymatrix.building import build_images

    for line in build_images(_project(context, None), tuple(target or ())):
        typer.echo(line)


@app.command()
def schema() -> None:
    """Print the JSON Schema of matrix.json."""
    from deploymatrix.records import Matrix

    _print_json(Matrix.model_json_schema())


def main() -> None:
    """The console script: runs a command and turns errors into messages and exit codes."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(standalone_mode=True)
    except errors.DeploymatrixError as error:
        typer.echo(f"deploymatrix: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("deploymatrix: interrupted; what was finished is kept", err=True)
        sys.exit(errors.INTERRUPTED)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _default_root() -> Path:
    """The folder that the command is called in when it holds targets, else the one that the package lies in."""
    here = Path.cwd()
    return here if (here / "targets").is_dir() else Path(__file__).resolve().parent.parent


def _project(context: typer.Context, models: list[Path] | None, timeout: float | None = None) -> Project:
    from deploymatrix.project import Project

    place, build = context.obj
    return Project(
        root=place, build=build, model_folders=tuple(p.resolve() for p in models or ()), timeout_s=timeout
    )


def _selection(targets: list[str] | None, models: list[str] | None, expression: str) -> Selection:
    from deploymatrix.plan import Selection

    return Selection(targets=tuple(targets or ()), models=tuple(models or ()), expression=expression)


def _show(matrix: Any, format_: str) -> None:
    if format_ == "json":
        _print_json(matrix.model_dump(mode="json"))
    elif format_ == "markdown":
        from deploymatrix.report.markdown import markdown

        typer.echo(markdown(matrix), nl=False)
    else:
        from rich.console import Console

        from deploymatrix.report.table import print_table

        print_table(matrix, Console())


def _exit_by_verdicts(matrix: Any) -> None:
    from deploymatrix.records import VERDICTS_THAT_PASS

    if any(cell.outcome == "missing" for cell in matrix.cells):
        raise typer.Exit(errors.INCOMPLETE)
    if any(cell.verdict not in VERDICTS_THAT_PASS for cell in matrix.cells):
        raise typer.Exit(errors.GATE_FAILED)


def _print_json(data: Any) -> None:
    import json

    typer.echo(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False))
