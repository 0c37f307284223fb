"""`skew`: which versions of a runtime take a model's artifact."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any

import typer

from deploymatrix import errors
from deploymatrix.commands.options import AsJson, Isolation, ModelFolders, echo, print_json, project_of

Options = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="KEY=VALUE", help="Of the route's last step, besides its own; repeatable."),
]


def register(app: typer.Typer) -> None:
    app.command()(skew)


def skew(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="One whose target.toml lists versions.")],
    option: Options = None,
    models: ModelFolders = None,
    isolation: Isolation = "auto",
    json: AsJson = False,
) -> None:
    """Run one artifact on every version of a runtime; show where it begins to load, and the option that moves that."""
    from deploymatrix.execution.progress import make_progress
    from deploymatrix.execution.skew import Skew
    from deploymatrix.project.names import pick
    from deploymatrix.report.skew import skew_text

    project = project_of(context, models)
    (named,) = pick("target", [target], project.targets)
    (wanted,) = pick("model", [model], project.models)
    options = dict(_option(text) for text in option or ())
    with make_progress() as progress:
        artifacts = Skew.of(project, wanted, named).decide(options, isolation, progress, progress.say)
    if json:
        print_json([_row(artifact) for artifact in artifacts])
    else:
        for line in skew_text(f"{wanted} on {named}", artifacts):
            echo(line)
    if not any(artifact.first for artifact in artifacts):
        raise typer.Exit(errors.GATE_FAILED)


def _row(artifact: Any) -> dict[str, Any]:
    about = {"options": dict(artifact.options), "why": artifact.why}
    versions = {rung.version: rung.cell.model_dump(mode="json") for rung in artifact.rungs}
    return {**about, "first": artifact.first, "last_failing": artifact.last_failing, "versions": versions}


def _option(text: str) -> tuple[str, Any]:
    """Return KEY=VALUE as key and value: a TOML value, or else the text itself."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise errors.ConfigurationError(f"-o {text}: write KEY=VALUE, as -o opset=17")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value
