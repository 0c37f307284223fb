"""Which of an artifact's signatures is run: formats such as SavedModel and LiteRT hold several in one artifact."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .modules import RunnerModule, SignedRunnerModule


def signatures_of(runner: RunnerModule, payload: Path) -> list[str] | None:
    """Return the names of the artifact's signatures; None where the runner offers no choice."""
    if not hasattr(runner, "signatures"):
        return None
    return [str(name) for name in cast("SignedRunnerModule", runner).signatures(payload)]


def choice(runner: RunnerModule, names: list[str], wanted: str | None) -> str | None:
    """Return the wanted signature, or else the runner's usual one, or the only one; None where that is none of them."""
    usual = getattr(runner, "SIGNATURE", None)
    sole = names[0] if len(names) == 1 else None
    name = wanted if wanted is not None else usual if usual in names else sole
    return name if name in names else None


def choosing(runner: RunnerModule, name: str | None) -> RunnerModule:
    """Return the runner with a load() of that signature; as it is where there is no name."""
    if name is None:
        return runner
    load = functools.partial(runner.load, signature=name)  # type: ignore[call-arg]
    return cast("RunnerModule", SimpleNamespace(**{**vars(runner), "load": load}))
