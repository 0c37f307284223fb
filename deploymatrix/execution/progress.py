"""Progress on stderr: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploymatrix.execution.blame import outcome_of
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.printable import printable

# Of a comparison that found nothing: whether its cell passed is for its expectation and its budgets to say, later.
AGREES = "agrees"


def make_progress() -> PlainProgress:
    """Return what fits stderr. rich honours NO_COLOR and TERM=dumb."""
    console = Console(stderr=True)
    return LiveProgress(console) if console.is_terminal and not console.is_dumb_terminal else PlainProgress()


class PlainProgress:
    """Print a line for each task that ends, with its time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._total = 0
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def planned(self, total: int, cached: int) -> None:
        """Count `total` planned tasks, of which `cached` are decided already."""
        with self._lock:
            self._total += total
            self._done += cached
        if total:
            self.say(f"{total} tasks, {cached} of them from the store")

    def started(self, id_: str) -> None:
        with self._lock:
            self._started[id_] = time.monotonic()

    def finished(self, id_: str, result: Result | None) -> None:
        with self._lock:
            ended = time.monotonic()
            seconds = ended - self._started.pop(id_, ended)
            self._done += result is not None
            count = f"{self._done}/{self._total}"
        self._tell(count, id_, _word(id_, result), seconds)

    def noted(self, id_: str, what: str) -> None:
        """Print what is remarkable about a task that has not ended."""
        self.say(f"{id_}: {what}")

    def say(self, text: str) -> None:
        """Print something that is not about one task."""
        print(printable(text), file=sys.stderr, flush=True)

    def _tell(self, count: str, id_: str, word: str, seconds: float) -> None:
        self.say(f"[{count}] {id_}: {word} ({seconds:.1f} s)")


class LiveProgress(PlainProgress):
    """Show what runs now, in place; failures stay above it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._live = Live(get_renderable=self._render, console=console, transient=True, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self._console.print(Text(printable(text)))

    def _tell(self, count: str, id_: str, word: str, seconds: float) -> None:
        if word not in {"ok", AGREES}:
            self._console.print(Text(printable(f"{id_}: {word} ({seconds:.1f} s)"), style="red"))

    def _render(self) -> Table:
        now = time.monotonic()
        with self._lock:
            running = sorted(self._started.items(), key=lambda item: item[1])
            title = f"{self._done}/{self._total} tasks"
        table = Table(title=title, title_justify="left", box=None, show_header=False)
        for id_, since in running:
            table.add_row(Text(printable(id_)), f"{now - since:.0f} s")
        return table


def _word(id_: str, result: Result | None) -> str:
    if result is None:
        return "ready"
    if isinstance(result, Failed):
        return result.outcome
    if not id_.startswith("compare"):
        return "ok"
    outcome = outcome_of(result)
    return AGREES if outcome == "passed" else outcome
