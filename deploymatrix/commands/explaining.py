"""`explain` and `repro`: what happened in a cell, and how to see it happen again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploymatrix.commands.options import AsJson, ModelFolders, build_of, echo, invocation_of, print_json, project_of

if TYPE_CHECKING:
    from deploymatrix.matrix.records import Cell
    from deploymatrix.project.project import Project
    from deploymatrix.report.explanation import Explanation

CellName = Annotated[str, typer.Argument(metavar="CELL", help="model/target/variant, or a glob of such names.")]

Timeout = Annotated[float | None, typer.Option(metavar="S", min=0.1, help="The --timeout of the run.")]


def register(app: typer.Typer) -> None:
    app.command()(explain)
    app.command()(repro)


def explain(context: typer.Context, cell: CellName, models: ModelFolders = None, json: AsJson = False) -> None:
    """Show all about a cell of the last run: route, versions, digests, figures, log, blame, similar failures."""
    from deploymatrix.matrix.causes import cause_lines
    from deploymatrix.report.explanation import as_text

    explanations = list(_explanations(context, cell, models))
    if json:
        print_json([explanation.as_dict() for explanation in explanations])
        return
    if len(explanations) > 1:
        echo("\n".join([*cause_lines(explanation.cell for explanation in explanations), ""]))
    for explanation in explanations:
        echo("\n".join(as_text(explanation)) + "\n")


def repro(
    context: typer.Context,
    cell: CellName,
    models: ModelFolders = None,
    timeout: Timeout = None,
    run: Annotated[
        bool, typer.Option("--run", help="Repeat it now: exit 0 when the cell passes, 1 when it fails.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="ZIP", help="Pack all that somebody else needs to repeat it.")
    ] = None,
) -> None:
    """Print the command that repeats a cell's failing stage from what the run has stored."""
    from deploymatrix.errors import ConfigurationError
    from deploymatrix.matrix.files import MATRIX, read_matrix
    from deploymatrix.matrix.similar import pick_cells
    from deploymatrix.repro.bundle import bundle_files
    from deploymatrix.repro.evidence import command, find_evidence
    from deploymatrix.repro.packing import write_zip
    from deploymatrix.repro.rerun import rerun

    project = project_of(context, models, timeout)
    cells = pick_cells(read_matrix(project.build / MATRIX), cell)
    if (run or bundle) and len(cells) > 1:
        raise ConfigurationError(f"{cell!r} matches {len(cells)} cells, {cells[0].name} the first; name one")
    evidences = [find_evidence(project, picked) for picked in cells]
    if bundle:
        write_zip(bundle_files(evidences[0]), bundle)
        echo(f"{bundle}: {evidences[0].task.id}; its README.md says how to repeat it", err=True)
    if run:
        raise typer.Exit(rerun(evidences[0], bundle_files(evidences[0]), _say))
    if not bundle:
        for picked in cells:
            echo(command(picked.name, options=_own_options(context), models=models or (), timeout=timeout))


def _explanations(context: typer.Context, pattern: str, models: list[Path] | None) -> Iterator[Explanation]:
    from deploymatrix.matrix.causes import alike
    from deploymatrix.matrix.disagreement import agreement_lines, read_disagreements
    from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_matrix, read_measurements
    from deploymatrix.matrix.kept_logs import read_log
    from deploymatrix.matrix.records import NOT_REPRODUCIBLE
    from deploymatrix.matrix.similar import pick_cells
    from deploymatrix.project.findings import read_findings
    from deploymatrix.report.explanation import Explanation, decisive_lines, repairs_of
    from deploymatrix.repro.evidence import command

    build, project = build_of(context), project_of(context, models)
    matrix, times = read_matrix(build / MATRIX), read_measurements(build / MEASUREMENTS)
    findings, agreement = read_findings(project), read_disagreements(build)
    for cell in pick_cells(matrix, pattern):
        line = command(cell.name, options=_own_options(context), models=models or ())
        yield Explanation(
            cell=cell,
            measurement=times.get(cell.name),
            digests=_digests(project, cell),
            log=decisive_lines(read_log(build, cell.log)),
            similar=alike(cell, matrix.cells),
            repro=None if cell.outcome in NOT_REPRODUCIBLE else line,
            repairs=repairs_of(cell, findings),
            agreement=tuple(agreement_lines(agreement.get((cell.model, cell.variant)), cell.target)),
        )


def _digests(project: Project, cell: Cell) -> dict[str, str]:
    from deploymatrix.repro.evidence import digests

    return digests(project, cell)


def _own_options(context: typer.Context) -> list[str]:
    """Return the options before the command, with which the printed line works from any folder."""
    invocation = invocation_of(context)
    build_options = ["--build-dir", str(invocation.build.resolve())] if invocation.build else []
    return ["--root", str(invocation.root), *build_options]


def _say(text: str) -> None:
    echo(text, err=True)
