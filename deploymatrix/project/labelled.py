"""Where a model's labelled data lie: files beside model.toml, or labelled.py; and the metric.py that scores them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.metric_specs import PROGRAM, SCORER
from deploymatrix.project.own_samples import files_at, matching, require_samples

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import ModelSpec
    from deploymatrix.project.project import Model

KEY = "metric.data"


def labelling(model: Model) -> Path | None:
    """Return the labelled.py that gives the labelled samples; None where files hold them, or none are labelled."""
    data = _place(model.spec)
    return model.folder / data if data is not None and Path(data).name == PROGRAM else None


def labelled_files(model: Model) -> list[Path]:
    """List the files that hold labelled samples, in order. Raise ConfigurationError for none, or another kind."""
    data = _place(model.spec)
    return [] if data is None or labelling(model) else files_at(model.folder, KEY, data)


def scorer(model: Model) -> Path | None:
    """Return the metric.py that scores; None where the engine does, or nothing is scored."""
    metric = model.spec.metric
    return model.folder / SCORER if metric is not None and metric.kind == SCORER else None


def labelled_sources(model: Model) -> list[Path]:
    """List the files that labelled data come from: labelled.py, or the files that hold them."""
    data, code = _place(model.spec), labelling(model)
    if code is not None:
        return [code]
    return [] if data is None else matching(model.folder, data)


def metric_files(model: Model) -> list[Path]:
    """List all files that the metric comes from, also what scores: none of them is the model's code."""
    code = scorer(model)
    return [*labelled_sources(model), *([] if code is None else [code])]


def metric_files_beside(model: Model) -> frozenset[str]:
    """Return the names of those of them that lie below the model's folder."""
    folder = model.folder.absolute()
    inside = (Path(os.path.abspath(path)) for path in metric_files(model))
    return frozenset(path.relative_to(folder).as_posix() for path in inside if path.is_relative_to(folder))


def require_data(folder: Path, spec: ModelSpec) -> None:
    """Raise ConfigurationError where own samples, or what [metric] names, are not there; or are not looked at."""
    require_samples(folder, spec)
    toml, data = folder / "model.toml", _place(spec)
    scores = spec.metric is not None and spec.metric.kind == SCORER
    if scores != (folder / SCORER).is_file():
        told = (
            f"metric.kind: there is no {folder / SCORER}; it must define score(outputs, labels)"
            if scores
            else f'{folder / SCORER} would not be looked at; write [metric] with kind = "{SCORER}", or rename the file'
        )
        raise ConfigurationError(f"{toml}: {told}")
    if data is None:
        return
    if Path(data).name != PROGRAM:
        files_at(folder, KEY, data)
    elif not (folder / data).is_file():
        raise ConfigurationError(f"{toml}: {KEY}: there is no {folder / data}; it must define samples()")


def _place(spec: ModelSpec) -> str | None:
    return None if spec.metric is None else spec.metric.data
