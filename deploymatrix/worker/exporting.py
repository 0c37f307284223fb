"""The task `export`: one step, from a framework's model or another artifact to an artifact."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from . import hearing, options, signatures, versions
from . import spec as specs
from .loading import load, load_model, model_of
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import OpenerModule, StepModule
    from .protocol import Submit
    from .tasks import ArtifactSource, ExportArgs, ExportValue, FrameworkSource


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # of a folder in docs/findings/


class NoArtifact(Exception):
    """The exporter returned, yet there is nothing to ship."""


def perform(request: Submit[ExportArgs], reporter: Reporter) -> ExportValue:
    """Open the source, let the step write its artifact into `out`, and check what it left and returned."""
    args, out = request["args"], Path(request["out"])
    source = args["source"]
    step = cast("StepModule", load(Path(request["module"])))
    heard = hearing.now()
    used = versions.of(step, *modules_of(source))

    reporter.stage("open")
    options.refuse_unknown(step, args["options"])
    spec = specs.build(
        args["spec"],
        args["samples"],
        None if "framework" in source else source.get("signature"),
        calibration=args.get("calibration"),
    )
    opened = open_source(source, spec)

    reporter.stage("export")
    out.mkdir(parents=True, exist_ok=True)
    with hearing.restored(heard):
        raw = step.export(opened, spec, out, args["options"])
    repairs, static = repairs_of(raw), static_of(raw, spec)
    return {
        "entry": entry(step, out),
        "signature": signatures.normalised(raw, spec.fixed(static), static),
        "static": static,
        "repairs": repairs,
        "versions": used,
    }


def repairs_of(raw: Any) -> list[str]:
    """Take the names of findings out of what export() returned. Raise ValueError unless each is a folder's name."""
    repairs = raw.pop("repairs", []) if isinstance(raw, dict) else []
    if not isinstance(repairs, list) or not all(isinstance(name, str) and NAME.fullmatch(name) for name in repairs):
        raise ValueError(f"export() must return repairs as a list of findings' names, not {repairs!r}")
    return list(dict.fromkeys(repairs))


def static_of(raw: Any, spec: specs.Spec) -> dict[str, int]:
    """Take the names of dims that the step left at their usual size out of what export() returned, with the sizes.

    Raise ValueError unless they are free dims of the specification.
    """
    names = raw.pop("static", []) if isinstance(raw, dict) else []
    if not isinstance(names, list) or not all(isinstance(name, str) and name in spec.dims for name in names):
        raise ValueError(f"export() must return static as a list of names among {sorted(spec.dims)}, not {names!r}")
    return {name: spec.dims[name].usual for name in names}


def modules_of(source: FrameworkSource | ArtifactSource) -> list[ModuleType]:
    return [load(Path(source["framework"])), load_model(source)] if "framework" in source else []


def open_source(source: FrameworkSource | ArtifactSource, spec: specs.Spec) -> Any:
    """Return the framework's model, or the artifact's path. Raise FileNotFoundError for an artifact that is gone."""
    if "framework" in source:
        opener = cast("OpenerModule", load(Path(source["framework"])))
        return opener.open(model_of(source, spec), spec, Path(source["weights"]))
    path = Path(source["artifact"])
    if not path.exists():
        raise FileNotFoundError(f"the source artifact {path} does not exist")
    return path


def entry(step: StepModule, out: Path) -> str:
    """Return the step's ENTRY. Raise NoArtifact unless it is a file with content, or a folder with one."""
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
