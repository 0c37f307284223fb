"""`explain` and `repro`: what happened in a cell, and how to see it happen again."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    pass
