"""All that the corpus holds, by format and by runner."""

from __future__ import annotations

import importlib

from tests.hostile.declared import Hostile, declared_in
from tests.hostile.generate import MODULES

FORMATS = tuple(MODULES)
GROUPS = ("leaving", "delivering", "replying", "arrays", "attacking", "hoarding", "lingering", "speaking")


def artifacts(format_: str) -> dict[str, Hostile]:
    """The hostile artifacts of a format, by name."""
    return declared_in(importlib.import_module(f"tests.hostile.artifacts.{MODULES[format_]}"))


def behaviours(group: str) -> dict[str, Hostile]:
    """The hostile behaviours of a Python runner, by group and name."""
    module = importlib.import_module(f"tests.hostile.behaviours.{group}")
    return {f"{group}.{name}": thing for name, thing in declared_in(module).items()}
