"""`selftest`: whether the comparison notices what is wrong, and says nothing of what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from deploymatrix import errors
from deploymatrix.commands.options import (
    Expression,
    Isolation,
    ModelFolders,
    Models,
    Targets,
    Variants,
    echo,
    project_of,
    selection_of,
)

Kinds = Annotated[
    list[str] | None,
    typer.Option("--kinds", metavar="KIND", help="Only this kind, family or maker of mutants; repeatable."),
]


def register(app: typer.Typer) -> None:
    app.command()(selftest)


def selftest(
    context: typer.Context,
    target: Targets = None,
    model: Models = None,
    variant: Variants = None,
    expression: Expression = "",
    models: ModelFolders = None,
    kinds: Kinds = None,
    places: Annotated[int, typer.Option(metavar="N", min=1, help="Places of a model for each kind.")] = 3,
    seconds: Annotated[float, typer.Option(metavar="S", min=0.0, help="Of exports for each cell, roughly.")] = 40.0,
    sample: Annotated[int | None, typer.Option(metavar="N", min=4, help="About so many mutants of all.")] = None,
    reds: Annotated[bool, typer.Option("--reds", help="Decide cells again instead: none may change.")] = False,
    verdicts: Annotated[int, typer.Option(metavar="N", min=1, help="How many, with --reds.")] = 1000,
    isolation: Isolation = "auto",
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help="Tasks at a time; 0: one a core.")] = 0,
    format_: Annotated[Literal["markdown", "json"], typer.Option("--format", help="How to print it.")] = "markdown",
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every mutant there, too.")] = None,
) -> None:
    """Test the tester: mutants of the selected cells must turn red. Exit code 1 below the goals."""
    from deploymatrix.selftest.call import Call, kill_mutants, look_for_reds
    from deploymatrix.selftest.kinds import pick_kinds
    from deploymatrix.selftest.making import Extent
    from deploymatrix.selftest.records import Reds, SelfTest
    from deploymatrix.selftest.tables import mutants_markdown, reds_markdown

    project = project_of(context, models)
    selection = selection_of(project, target, model, expression, variant)
    call = Call(project=project, selection=selection, isolation=isolation, jobs=jobs)
    found: SelfTest | Reds
    if reds:
        found = look_for_reds(call, verdicts, _say)
    else:
        extent = Extent(kinds=tuple(pick_kinds(kinds or ())), places=places, seconds=seconds, sample=sample)
        found = kill_mutants(call, extent, _say)
    text = found.model_dump_json(indent=1)
    if json is not None:
        json.write_text(text + "\n", encoding="utf-8")
    if format_ == "json":
        echo(text)
    else:
        echo(mutants_markdown(found) if isinstance(found, SelfTest) else reds_markdown(found), nl=False)
    if not found.reached:
        raise typer.Exit(errors.GATE_FAILED)


def _say(message: str) -> None:
    echo(message, err=True)
