"""How a hostile artifact or behaviour is declared: what it tries, and which words its cell may come to.

Nothing but the standard library: exporters' interpreters, runners' containers and the tests import this file alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

REFUSED = ("load_failed", "run_failed", "io_mismatch", "mismatch", "nonfinite", "unstable", "crashed", "timed_out")
RED = (*REFUSED, "out_of_memory", "export_failed", "unsupported")
HARMLESS = ("passed", *RED)  # it answers rightly, and what it tries beside that must come to nothing


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a hostile thing aims at; every path is a stand-in that the harness made, and that it looks at afterwards.

    secret: a host file that nobody may read; `token` is what it holds. write: a host folder in which nobody may write.
    """

    secret: Path
    token: str
    write: Path


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One hostile thing. `tries`: in the words of the report. `outcomes`: what its cell may come to.

    `processes`: whether it may be tried in a process of this machine, where nothing would hold it.
    """

    name: str
    tries: str
    outcomes: tuple[str, ...]
    do: Callable[..., Any]
    processes: bool = True


def hostile(
    tries: str, *, outcomes: tuple[str, ...] = RED, processes: bool = True
) -> Callable[[Callable[..., Any]], Hostile]:
    """Declare a function as a hostile thing of its module, under its own name."""

    def declare(do: Callable[..., Any]) -> Hostile:
        return Hostile(name=do.__name__, tries=tries, outcomes=outcomes, do=do, processes=processes)

    return declare


def declared_in(module: ModuleType) -> dict[str, Hostile]:
    """All hostile things of a module, by name, in the order of the file."""
    return {thing.name: thing for thing in vars(module).values() if isinstance(thing, Hostile)}
