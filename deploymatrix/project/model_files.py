"""What a model.toml names beside its code: folders to import from, and weights, each of a kind that can be opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import ModelSpec
    from deploymatrix.project.specs import FrameworkSpec

FOLDER = "/"  # in `whole` of a framework.toml: what ends so is a folder


def seen_from(folder: Path, name: str) -> Path:
    """Return the path that a model.toml in `folder` means, without the way back in it: `../src`."""
    return Path(os.path.normpath(folder.absolute() / name))


def check_model_files(toml: Path, spec: ModelSpec, framework: FrameworkSpec) -> None:
    """Raise ConfigurationError for a folder of `pythonpath` or weights that are not there or cannot be opened."""
    for name in spec.pythonpath:
        folder = seen_from(toml.parent, name)
        if not folder.is_dir():
            raise ConfigurationError(
                f"{toml}: pythonpath: there is no folder {folder}; correct {name!r}, which is seen from model.toml"
            )
    if spec.source.path is not None:
        _refuse(toml, "source.path", spec.source.path, framework)
    if spec.weights is not None:
        _check_weights(toml, spec.weights, spec.framework, framework)


def _check_weights(toml: Path, name: str, framework_name: str, framework: FrameworkSpec) -> None:
    path = seen_from(toml.parent, name)
    if not path.exists():
        raise ConfigurationError(f"{toml}: weights: there is no {path}")
    ending = FOLDER if path.is_dir() else name
    if not path.is_dir() and _ending(name, framework.weights) is not None:
        return
    _refuse(toml, "weights", name, framework)
    kind = framework.whole.get(_ending(ending, framework.whole) or "")
    if kind is not None:
        raise ConfigurationError(
            f"{toml}: weights: {name} is a whole model, not weights for build(): write [source] with "
            f'kind = "{kind}" and path = "{name}", and no model.py'
        )
    takes = ", ".join(framework.weights) or "no such files: let build() read it"
    raise ConfigurationError(f"{toml}: weights: {name} is none that {framework_name} opens; it takes {takes}")


def _refuse(toml: Path, key: str, name: str, framework: FrameworkSpec) -> None:
    if _ending(name, (*framework.weights, *framework.whole)) is None:  # .weights.h5 is no .h5
        refused = _ending(name, framework.refused)
        if refused is not None:
            raise ConfigurationError(f"{toml}: {key}: {name} is not opened: {framework.refused[refused]}")


def _ending(name: str, endings: Iterable[str]) -> str | None:
    """Return the longest of the endings that the name has."""
    fitting = [ending for ending in endings if name.endswith(ending)]
    return max(fitting, key=len, default=None)
