"""Read TOML files into records; an error names the file, the key and the remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.nearest import nearest

if TYPE_CHECKING:
    from deploymatrix.project.strict import Strict

Spec = TypeVar("Spec", bound="Strict")


def read_spec(path: Path, kind: type[Spec]) -> Spec:
    """Read the file at `path` as a `kind`.

    Raise ConfigurationError naming the file, each wrong key and what it should be.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: the file is missing; every such folder needs one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: this is not valid TOML: {error}") from None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_complaints(path, kind, error))) from None


def _complaints(path: Path, kind: type[BaseModel], error: ValidationError) -> Iterator[str]:
    """Yield a line for each mistake, but none for what only follows from another one."""
    items = error.errors()
    renamed = {item["loc"][:-1] for item in items if item["type"] == "extra_forbidden" and _remedy(kind, item["loc"])}
    for item in items:
        location = item["loc"]
        lacks_new_name = item["type"] == "missing" and location[:-1] in renamed
        if not lacks_new_name and not any(_lies_inside(other["loc"], location) for other in items):
            key = ".".join(map(str, location)) or "(the file as a whole)"
            yield f"{path}: {key}: {_complaint(kind, item)}"


def _complaint(kind: type[BaseModel], item: ErrorDetails) -> str:
    message, location = item["msg"].removeprefix("Value error, "), item["loc"]
    if item["type"] == "extra_forbidden":
        remedy = _remedy(kind, location)
        if remedy:
            return f"this key has another name now; {remedy}"
        return f"unknown key; {nearest(str(location[-1]), _known_keys(kind, location[:-1]))}"
    if item["type"] == "missing":
        return "missing; add it"
    if item["type"] == "value_error" and isinstance(item["input"], dict):  # about several keys: it names them
        return message
    return f"{message} (it is {item['input']!r:.80})"


def _lies_inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return bool(outer) and len(inner) > len(outer) and inner[: len(outer)] == outer


def _remedy(kind: type[BaseModel], location: tuple[int | str, ...]) -> str | None:
    """Return what to write instead of a key of earlier versions; None for any other key."""
    record = _record_at(kind, location[:-1])
    former: dict[str, str] = getattr(record, "former_keys", {})
    return former.get(str(location[-1]))


def _known_keys(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at `location` inside a `kind`."""
    fields = getattr(_record_at(kind, location), "model_fields", {})
    return sorted(field.alias or name for name, field in fields.items())


def _record_at(kind: type[BaseModel], location: tuple[int | str, ...]) -> Any:
    """Return the BaseModel at `location` inside a `kind`, or whatever type is there instead."""
    current: Any = kind
    for part in location:
        if isinstance(part, str) and part in getattr(current, "model_fields", {}):
            current = current.model_fields[part].annotation
        current = _record_inside(current)
    return current


def _record_inside(annotation: Any) -> Any:
    """Return the BaseModel inside tuple[Model, ...], dict[str, Model] or Annotated[...], else the annotation itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _record_inside(argument)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return annotation
