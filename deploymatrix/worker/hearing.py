"""Warnings that an exporter gives, heard although a model's code silences all: they are part of a cell's record."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hearing:
    """What of warnings and log messages is shown, and how."""

    filters: tuple[Any, ...]
    warn: Callable[..., Any]
    show: Callable[..., Any]
    disabled: int


def now() -> Hearing:
    """Return how it is before a model's code runs: as the interpreter and the frameworks have set it."""
    return Hearing(tuple(warnings.filters), warnings.warn, warnings.showwarning, logging.root.manager.disable)


@contextmanager
def restored(hearing: Hearing) -> Iterator[None]:
    """Let it be so again meanwhile."""
    warn, disabled = warnings.warn, logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.filters[:] = hearing.filters  # type: ignore[index]
        warnings.warn, warnings.showwarning = hearing.warn, hearing.show
        logging.disable(hearing.disabled)
        try:
            yield
        finally:
            warnings.warn = warn
            logging.disable(disabled)
