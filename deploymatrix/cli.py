"""The command `deploymatrix`. What each command does is in deploymatrix/commands/."""

from __future__ import annotations

import io
import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands import (
    artifacts,
    attesting,
    explaining,
    finding,
    gating,
    inspecting,
    merging,
    reporting,
    running,
    selftesting,
    skewing,
    starting,
    upkeep,
)
from deploymatrix.commands.options import Invocation
from deploymatrix.printable import printable
from deploymatrix.project.trees import check_folder, find_root

app = typer.Typer(
    name="deploymatrix",
    help="Show, before a release, where a model really runs: export, run and compare it on every target.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(
            "--root",
            metavar="DIR",
            help="The project [default: the nearest folder upwards with a deploymatrix.toml, else this one].",
        ),
    ] = None,
    build: Annotated[
        Path | None,
        typer.Option("--build-dir", metavar="DIR", help="The folder for all that is generated [default: ROOT/build]."),
    ] = None,
) -> None:
    """Options of every command."""
    if project is not None:
        check_folder(project.resolve())
    context.obj = Invocation(root=project.resolve() if project else find_root(Path.cwd()), build=build)


COMMANDS = (
    running,
    merging,
    gating,
    attesting,
    explaining,
    finding,
    reporting,
    inspecting,
    upkeep,
    starting,
    artifacts,
    skewing,
    selftesting,
)
for group in COMMANDS:
    group.register(app)


def main() -> None:
    """Run a command as the console script does; turn errors into messages and exit codes."""
    signal.signal(signal.SIGTERM, _interrupt)
    _print_whatever_comes()
    try:
        app(standalone_mode=True)
    except errors.DeploymatrixError as error:
        typer.echo(printable(f"deploymatrix: {error}"), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("deploymatrix: interrupted; finished results are kept", err=True)
        sys.exit(errors.INTERRUPTED)
    except OSError as error:
        fault = errors.disk_fault(error)
        if fault is None:
            traceback.print_exc()
        else:
            typer.echo(f"deploymatrix: {fault}", err=True)
        sys.exit(errors.INCOMPLETE)
    except Exception:
        # A fault of our own: loud, and not the exit code of a closed gate.
        typer.echo(printable(traceback.format_exc()), err=True, nl=False)
        sys.exit(errors.INCOMPLETE)


def _print_whatever_comes() -> None:
    """Let a character that the terminal's encoding lacks be printed as its escape: no output ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
