"""The options that a step knows: any other is refused before the export, since a typo must not be a default."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .modules import StepModule


class UnknownOption(Exception):
    """An option that the step does not know."""


def refuse_unknown(step: StepModule, given: Iterable[str]) -> None:
    """Raise UnknownOption, naming the option, those that the step knows, and the key to correct."""
    known = known_to(step)
    for name in sorted(set(given) - set(known)):
        file = Path(step.__file__)
        step_name, near = f"{file.parent.name}/{file.stem}", difflib.get_close_matches(name, known, n=1)
        knows = f"it knows {', '.join(known)}" if known else "it takes none"
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UnknownOption(
            f"the step {step_name} has no option {name!r}{hint} Correct `options` of [routes.{file.parent.name}] in "
            f"model.toml, or of the step in pipelines/{file.parent.name}/pipeline.toml: {knows}"
        )


def known_to(step: StepModule) -> list[str]:
    """Return the names that the step declares in OPTIONS, sorted.

    Where OPTIONS is a function to which the step hands its options, they are the names of its parameters.
    """
    declared = getattr(step, "OPTIONS", ())
    if not callable(declared):
        return sorted(declared)
    by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sorted(name for name, each in inspect.signature(declared).parameters.items() if each.kind in by_name)
