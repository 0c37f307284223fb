"""The checks of a run: the artifact answers again with one thing otherwise that must not change an answer.

A second session has another load, the samples in reverse order and, where the runner can, another number of threads. If
an answer then differs in any bit, further sessions vary one thing at a time, so that the host can tell which it was.
What differs is written below `out/again`; how far it may differ is not judged here.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tensors
from .tensors import Array

if TYPE_CHECKING:
    from .modules import RunnerModule

Outputs = dict[str, Array]

ENOUGH_S = 1.0  # a session that has run this long leaves out the samples between its first and its last


@dataclass
class Answers:
    """What the first session answered, in files, under the declared names; `declared` has them by the artifact's own.

    `repeated`: whether any sample was run more than once.
    """

    out: Path
    declared: dict[str, str]
    names: list[set[str]] = field(default_factory=list)
    repeated: bool = False

    def keep(self, runs: list[Outputs]) -> None:
        """Write the next sample's outputs, and those of its further runs that differ."""
        index, (first, *others) = len(self.names), runs
        self.names.append(set(first))
        self.repeated = self.repeated or bool(others)
        for name in self.declared.keys() & first.keys():
            tensors.write(self._path(index, name), first[name])
        for number, outputs in enumerate(others, start=2):
            self.differ(f"repeat-{number}", index, outputs)

    def differ(self, check: str, index: int, outputs: Outputs) -> bool:
        """Write each output that is not the same bit by bit; return whether there was one.

        Raise ValueError for other names than at first.
        """
        if set(outputs) != self.names[index]:
            raise ValueError(f"run() gave outputs {sorted(self.names[index])} at first, {sorted(outputs)} in {check}")
        known = self.declared.keys() & outputs.keys()
        differing = [name for name in known if not tensors.identical(outputs[name], self._first(index, name))]
        for name in differing:
            tensors.write(self.out / "again" / check / str(index) / f"{self.declared[name]}.npy", outputs[name])
        return bool(differing)

    def _first(self, index: int, name: str) -> Array:
        return tensors.read(self._path(index, name))

    def _path(self, index: int, name: str) -> Path:
        return self.out / str(index) / f"{self.declared[name]}.npy"


@dataclass(frozen=True)
class Bench:
    """What a session is made from, what it is asked, and what it must answer.

    `threads`: of the first session. `until`: when the checks must be over, by `time.perf_counter`; one session takes up
    to `session_s`.
    """

    runner: RunnerModule
    payload: Path
    inputs: list[dict[str, Array]]
    first: Answers
    threads: int
    until: float
    session_s: float

    @property
    def has_time(self) -> bool:
        """Whether a session would end in time, were it twice as slow as the first one."""
        return time.perf_counter() + 2 * self.session_s < self.until

    def differing(self, check: str, order: list[int], threads: int) -> int | None:
        """Return the first sample of `order` that a new session answers otherwise; None where there is none."""
        os.environ["DEPLOYMATRIX_THREADS"] = str(threads)
        session = self._load()
        start, found = time.perf_counter(), None
        for index in order:
            if time.perf_counter() - start > ENOUGH_S and index not in (order[0], order[-1]):
                continue
            given = {name: array.copy() for name, array in self.inputs[index].items()}
            outputs = tensors.checked(self.runner.run(session, given), "run()")
            if self.first.differ(check, index, outputs) and found is None:
                found = index
        return found

    def _load(self) -> Any:
        try:
            return self.runner.load(self.payload)
        except Exception as error:
            raise RuntimeError(f"loaded again, after it had run: {error}") from error


def check(bench: Bench) -> list[str]:
    """Return which of repeat, load, order and threads were varied; the last three are left out where time is short."""
    made = ["repeat"] if bench.first.repeated else []
    if not bench.has_time:
        return made
    changes = ["load"]
    changes += ["order"] if len(bench.inputs) > 1 else []
    changes += ["threads"] if getattr(bench.runner, "SETS_THREADS", False) else []
    threads = other_threads(bench.threads) if "threads" in changes else bench.threads
    several = changes[1:] == ["order", "threads"]
    backwards = list(reversed(range(len(bench.inputs))))
    differing = bench.differing("together" if several else changes[-1], backwards, threads)
    if differing is not None and len(changes) > 1:
        isolate(bench, backwards[: backwards.index(differing) + 1], threads, several=several)
    return made + changes


def isolate(bench: Bench, order: list[int], threads: int, *, several: bool) -> None:
    """Vary one thing at a time. `order` ends with a sample that was answered otherwise when all were varied at once."""
    sessions = [("load", [0], bench.threads)]
    if several:
        sessions += [("order", order, bench.threads), ("threads", list(range(order[-1] + 1)), threads)]
    for session in sessions:
        if bench.has_time:
            bench.differing(*session)


def other_threads(threads: int) -> int:
    return 2 if threads == 1 else 1
