"""The task `export`: one step, from a framework's model or another artifact to an artifact."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from . import signatures, versions
from . import spec as specs
from .loading import load, model_of
from .reporting import Reporter


class NoArtifact(Exception):
    """The exporter returned, yet there is nothing to ship."""


def perform(request: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    args, out = request["args"], Path(request["out"])
    source = args["source"]
    step = load(Path(request["module"]))
    opener = [load(Path(source[name])) for name in ("framework", "model")] if "framework" in source else []
    used = versions.of(step, *opener)

    reporter.stage("open")
    spec = specs.build(args["spec"], args["samples"], source.get("signature"))
    opened = (
        opener[0].open(model_of(Path(source["model"]), source.get("given"), spec), spec, Path(source["weights"]))
        if opener
        else artifact(Path(source["artifact"]))
    )

    reporter.stage("export")
    out.mkdir(parents=True, exist_ok=True)
    raw = step.export(opened, spec, out, args["options"])
    return {"entry": entry(step, out), "signature": signatures.normalised(raw, spec), "versions": used}


def artifact(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"the source artifact {path} does not exist")
    return path


def entry(step: ModuleType, out: Path) -> str:
    """The step's ENTRY. Raises NoArtifact unless it is a file with content, or a folder with one."""
    path = out / step.ENTRY
    if not path.resolve().is_relative_to(out.resolve()):
        raise NoArtifact(f"ENTRY {step.ENTRY!r} of {step.__file__} lies outside of out")
    files = [path] if path.is_file() else path.rglob("*")
    if not any(file.is_file() and file.stat().st_size for file in files):
        left = sorted(str(file.relative_to(out)) for file in out.rglob("*"))[:20]
        raise NoArtifact(
            f"the exporter returned but left no artifact: {step.ENTRY!r} is missing or empty, out has {left}"
        )
    return str(step.ENTRY)
