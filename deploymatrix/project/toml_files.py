"""The TOML files, read into records; a mistake in a file names the file, the key and the remedy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.specs import Strict

Spec = TypeVar("Spec", bound=Strict)


def read_spec(path: Path, kind: type[Spec]) -> Spec:
    """The file at `path` as a `kind`.

    Raises ConfigurationError naming the file, each wrong key and what it should be.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: the file is missing; every such folder needs one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_complaints(path, kind, error))) from None


def nearest(name: str, known: list[str]) -> str:
    """A hint for an unknown name: the closest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"


def _complaints(path: Path, kind: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "(the file as a whole)"
        if item["type"] == "extra_forbidden":
            known = _known_keys(kind, item["loc"][:-1])
            yield f"{path}: {key}: unknown key; {nearest(str(item['loc'][-1]), known)}"
        elif item["type"] == "missing":
            yield f"{path}: {key}: missing; add it"
        else:
            yield f"{path}: {key}: {item['msg']} (it is {item['input']!r:.80})"


def _known_keys(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed at `location` inside a `kind`."""
    current: Any = kind
    for part in location:
        if isinstance(part, str) and hasattr(current, "model_fields") and part in current.model_fields:
            current = current.model_fields[part].annotation
        current = _record_inside(current)
    return sorted(current.model_fields) if hasattr(current, "model_fields") else []


def _record_inside(annotation: Any) -> Any:
    """The BaseModel inside tuple[Model, ...], dict[str, Model] or Annotated[...], else the annotation itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _record_inside(argument)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return annotation
