"""Where a model's own samples lie, and the outputs expected of them: files beside model.toml, or samples.py."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.calibration import calibration_split
from deploymatrix.project.sample_specs import PROGRAM, SUFFIXES

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import ModelSpec
    from deploymatrix.project.project import Model

README = "README"  # a file of this name may lie among samples


def program(model: Model) -> Path | None:
    """Return the samples.py that gives the model's samples; None where files hold them, or they are drawn."""
    own = model.spec.own_samples
    return model.folder / own if own is not None and Path(own).name == PROGRAM else None


def sample_files(model: Model) -> list[Path]:
    """List the files that hold the model's samples, in the order in which they count.

    Raise ConfigurationError where there is none, or one of another kind.
    """
    own = model.spec.own_samples
    return [] if own is None or program(model) else _files(model.folder, "samples", own)


def expected_files(model: Model) -> list[Path]:
    """List the files that hold expected outputs, sorted. Raise ConfigurationError as `sample_files` does."""
    return [] if model.spec.expected is None else _files(model.folder, "expected", model.spec.expected)


def own_files(model: Model) -> list[Path]:
    """List all files that samples and expected outputs come from; those that are gone are not among them."""
    if model.spec.own_samples is None:
        return []
    code = program(model)
    found = [] if code is None else [code]
    for place in (model.spec.own_samples if code is None else None, model.spec.expected):
        found += [] if place is None else _matching(model.folder, place)
    return found


def files_beside(model: Model) -> frozenset[str]:
    """Return the names, below the model's folder, of files that count as samples and not as the model's code."""
    folder = model.folder.absolute()
    files = [*own_files(model), *own_files(calibration_split(model))]
    inside = (Path(os.path.abspath(path)) for path in files)
    return frozenset(path.relative_to(folder).as_posix() for path in inside if path.is_relative_to(folder))


def named(model_folder: Path, path: Path) -> str:
    """Return a file's name for a message: seen from model.toml."""
    return Path(os.path.relpath(path, model_folder)).as_posix()


def require_samples(folder: Path, spec: ModelSpec) -> None:
    """Raise ConfigurationError where model.toml names samples that are not there, or forgets expected outputs."""
    own, toml = spec.own_samples, folder / "model.toml"
    if own is None:
        return
    if Path(own).name == PROGRAM:
        if not (folder / own).is_file():
            raise ConfigurationError(f"{toml}: samples: there is no {folder / own}; it must define samples()")
    else:
        _files(folder, "samples", own)
    if spec.expected is not None:
        _files(folder, "expected", spec.expected)
    elif (folder / "expected").is_dir():
        raise ConfigurationError(
            f'{toml}: {folder / "expected"} would not be looked at; write expected = "expected/", or rename the folder'
        )


def _files(folder: Path, key: str, place: str) -> list[Path]:
    found, toml = _matching(folder, place), folder / "model.toml"
    if not found:
        raise ConfigurationError(f"{toml}: {key}: {place} matches no .npz or .safetensors file")
    odd = next((path for path in found if path.suffix not in SUFFIXES), None)
    if odd is not None:
        raise ConfigurationError(f"{toml}: {key}: {named(folder, odd)} is neither .npz nor .safetensors")
    first: dict[str, Path] = {}
    for path in found:
        if first.setdefault(path.stem, path) != path:
            both = f"{named(folder, first[path.stem])} and {named(folder, path)}"
            raise ConfigurationError(f"{toml}: {key}: {both} have one name; rename one")
    return found


def _matching(folder: Path, place: str) -> list[Path]:
    """List the regular files of a folder, not of those in it, or of a glob; hidden ones and a README do not count."""
    pattern = os.path.join(glob.escape(str(folder)), place, *(["*"] if (folder / place).is_dir() else []))
    paths = (Path(name) for name in glob.glob(pattern, recursive=True))
    files = [path for path in paths if path.is_file() and path.stem != README]
    return sorted(files, key=lambda path: named(folder, path))
