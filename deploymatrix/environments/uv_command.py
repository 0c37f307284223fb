"""Runs uv, which the engine depends on as a package, with what the user set for pip."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploymatrix.environments.tying import tied
from deploymatrix.errors import EnvironmentFailed

KEPT_LINES = 25
NO_INDEX = "UV_NO_INDEX"


def run_uv(
    arguments: Sequence[str],
    *,
    doing: str,
    variables: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str = "",
) -> str:
    """Run `uv <arguments>` with exactly `variables` as its environment; returns its stdout.

    Raise EnvironmentFailed with the end of its stderr; `doing` says what was being done.
    """
    done = try_uv(arguments, variables=variables, cwd=cwd, stdin=stdin)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-KEPT_LINES:])
        raise EnvironmentFailed(
            f"{doing}: uv ended with exit code {done.returncode}:\n{said}\n"
            "Check the network, and pip's index-url, find-links, cert and proxy (python -m pip config list)."
        )
    return done.stdout


def try_uv(
    arguments: Sequence[str], *, variables: Mapping[str, str], cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `uv` for a question whose answer may be no."""
    # Of all that pip can be set to, this alone has no variable in uv.
    no_index = ["--no-index"] if arguments[0] == "pip" and variables.get(NO_INDEX) else []
    return subprocess.run(
        tied([uv_binary(), "--no-progress", *arguments, *no_index]),
        env=dict(variables),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def uv_binary() -> str:
    """Return the uv of this very installation. Raise EnvironmentFailed when it has none."""
    from uv import find_uv_bin

    try:
        return os.fspath(find_uv_bin())
    except FileNotFoundError as error:
        raise EnvironmentFailed(
            f"{error}; the package uv is incomplete: python -m pip install --force-reinstall uv"
        ) from None
