"""`gate`, `baseline` and `diff`: what holds a release, and what changed since the last one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands.options import (
    AsJson,
    ExpectationsFile,
    Expression,
    ModelFolders,
    Models,
    Targets,
    Variants,
    build_of,
    echo,
    print_json,
    project_of,
    selection_of,
)

if TYPE_CHECKING:
    from deploymatrix.matrix.diff import Diff
    from deploymatrix.matrix.gate import Decision

BASELINE = Path("baseline.json")
NoStatic = Annotated[
    bool, typer.Option("--no-static", help="Refuse cells that passed at fixed sizes only, marked § in the matrix.")
]
baselines = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(gate)
    app.command()(diff)
    app.add_typer(baselines, name="baseline")


def gate(
    context: typer.Context,
    target: Targets = None,
    model: Models = None,
    variant: Variants = None,
    expression: Expression = "",
    models: ModelFolders = None,
    expectations: ExpectationsFile = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Also require what passed in this baseline or matrix."),
    ] = None,
    no_warnings: Annotated[
        bool, typer.Option("--no-warnings", help="Also refuse cells whose exporters warned about their artifacts.")
    ] = False,
    no_repairs: Annotated[
        bool, typer.Option("--no-repairs", help="Refuse cells that passed only with a repair, marked † in the matrix.")
    ] = False,
    no_static: NoStatic = False,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="FILE", help="Also require that this statement says what the matrix says."),
    ] = None,
) -> None:
    """Exit 0 only when every planned cell passed or carries a matching expectation; 1 for a red cell, a record that its
    own figures do not bear, an entry without a cell, a regression against the baseline, or evidence of something else;
    4 for a cell without a result."""
    from dataclasses import replace

    from deploymatrix.commands.attesting import evidence_differences
    from deploymatrix.execution.release import Terms, decide

    project = project_of(context, models)
    refuse = {"repairs": no_repairs, "warnings": no_warnings, "static": no_static}
    terms = Terms(
        selection=selection_of(project, target, model, expression, variant),
        expectations=expectations,
        baseline=baseline,
        read_artifacts=evidence is not None,
        refuse=[what for what, is_refused in refuse.items() if is_refused],  # type: ignore[misc]
    )
    release = decide(project, terms)
    differs = evidence_differences(project, terms, evidence) if evidence is not None else ()
    _conclude(replace(release.decision, evidence=differs), release.difference)


@baselines.command()
def update(
    context: typer.Context,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="The baseline to write.")] = BASELINE,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also from a red run, or from a part of the plan: it replaces its own cells."),
    ] = False,
) -> None:
    """Write the baseline from the last run. A red run is refused with exit code 1, a part of the plan with 4."""
    from deploymatrix.matrix.baseline import (
        refuse_contradicted,
        refuse_unless_whole_and_green,
        updated,
        write_baseline,
    )
    from deploymatrix.matrix.diff import diff as compare
    from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_matrix, read_measurements
    from deploymatrix.matrix.snapshots import read_states, snapshot
    from deploymatrix.report.changes import lines

    build = build_of(context)
    matrix = read_matrix(build / MATRIX)
    refuse_contradicted(matrix)
    if not force:
        refuse_unless_whole_and_green(matrix)
    new = snapshot(matrix, read_measurements(build / MEASUREMENTS))
    old = read_states(file) if file.is_file() else None
    result = updated(old, new)
    write_baseline(result, file)
    if old is not None:
        for line in lines(compare(old, result)):
            echo(line)
    echo(f"{file}: {len(result.cells)} cells")


@baselines.callback()
def _group() -> None:
    """Keep the file with which `gate` compares a release."""


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="A matrix.json, a baseline.json or a build folder.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The same, of the later run.")],
    json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Show what changed from A to B. Exit 1 when a cell regressed, else 4 when one has no result."""
    from deploymatrix.matrix.diff import diff as compare
    from deploymatrix.matrix.snapshots import read_states
    from deploymatrix.report.changes import lines, markdown

    difference = compare(read_states(before), read_states(after))
    if json:
        print_json(difference.as_dict())
    else:
        echo(markdown(difference) if as_markdown else "\n".join(lines(difference)), nl=not as_markdown)
    if difference.of("regressed"):
        raise typer.Exit(errors.GATE_FAILED)
    if difference.missing:
        raise typer.Exit(errors.INCOMPLETE)


def _conclude(decision: Decision, difference: Diff | None) -> None:
    """Print the decision and its reasons, and exit accordingly."""
    from deploymatrix.matrix.causes import cause_lines
    from deploymatrix.matrix.gate import explain_red
    from deploymatrix.report.changes import line

    lines = [f"cause: {text}" for text in cause_lines(decision.red)]
    lines += [f"red: {explain_red(cell)}" for cell in decision.red]
    lines += [f"unmatched: {text}" for text in decision.unmatched]
    lines += [f"refused: {name}: {'; '.join(reasons)}" for name, reasons in decision.refused.items()]
    lines += [f"evidence: {text}" for text in decision.evidence]
    lines += [f"missing: {name}: no result in the matrix; run the cell" for name in decision.missing]
    for name in decision.stale:
        files = ", ".join(decision.changed_reads.get(name, ())) or "its model, a step, its target or its limit"
        lines.append(f"stale: {name}: {files} has changed since the run; run the cell")
    lines += [f"expected: {explain_red(cell)}" for cell in decision.expected]
    lines += [line(cell) for cell in difference.cells if cell.change != "unchanged"] if difference else []
    unknown = difference.missing if difference else ()
    lines += [f"missing: {name}: no result in the baseline, so a regression would not show" for name in unknown]
    if decision.regressed:
        lines.append("`deploymatrix baseline update --force` accepts a regression, in a change that somebody reviews")
    counted = decision.counts
    fixed = f" ({len(decision.static)} at fixed sizes only)" if decision.static else ""
    counts = f"{decision.passed} passed{fixed}, {len(decision.expected)} expected, {counted.red_cells} red"
    counts += f", {len(decision.unmatched)} unmatched" if decision.unmatched else ""
    counts += f", {len(decision.refused)} refused" if decision.refused else ""
    counts += f", {len(decision.regressed)} regressed" if difference else ""
    state = "open" if decision.is_open and not unknown else "closed"
    partial = f"{counted.partial}; " if counted.partial else ""
    lines.append(
        f"{partial}gate {state}: {counts}, {len(decision.missing) + len(unknown)} missing, {len(decision.stale)} stale"
    )
    echo("\n".join(lines))
    if not decision.is_open or unknown:
        raise typer.Exit(errors.GATE_FAILED if decision.is_red else errors.INCOMPLETE)
