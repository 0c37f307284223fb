"""The import of files by path, once each."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import re
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from . import versions

if TYPE_CHECKING:
    from .modules import ModelModule, SourceModule
    from .protocol import Submit
    from .spec import Spec

failed: dict[Path, Exception] = {}


class UncachedLoader(SourceFileLoader):
    """A loader that leaves no bytecode beside the user's files."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def preload(request: Submit[Any]) -> bool:
    """Import what the request names; return whether any of it was new. Raise what the import raised."""
    before = len(sys.modules)
    versions.of(*[load(path) for path in modules_of(request)])  # looked up once here, not in every child
    return len(sys.modules) != before


def modules_of(request: Submit[Any]) -> list[Path]:
    args: dict[str, Any] = request["args"]
    source = args.get("source", {})
    named = [request["module"], args.get("model"), source.get("framework"), source.get("model")]
    return [Path(name) for name in named if name]


def load(path: Path) -> ModuleType:
    """Return the module of a file. Raise what its import raised, RuntimeError for an exit."""
    name = module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    if path in failed:
        raise failed[path]
    try:
        return execute(name, path)
    except Exception as error:
        failed[path] = error
        raise


def model_of(path: Path, given: dict[str, Any] | None, spec: Spec) -> ModelModule:
    """Return the module with the model's `build()`.

    The file builds any model of its kind where `given` is not None; what comes back then builds this one.
    """
    module = load(path)
    if given is None:
        return cast("ModelModule", module)
    build = functools.partial(cast("SourceModule", module).build, given, spec)
    return cast("ModelModule", SimpleNamespace(build=build))


def execute(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=UncachedLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, Exception):
            raise
        raise RuntimeError(f"{path} ended its own import with {error!r}") from error
    return module


def module_name(path: Path) -> str:
    """Return a file's module name: `models/mlp/model.py` is `deploymatrix_mlp_model`.

    The name ends up in TorchScript files, so it does not depend on where the project lies, unless two such
    folders meet in one worker.
    """
    name = "deploymatrix_" + re.sub(r"\W", "_", f"{path.parent.name}_{path.stem}")
    known = sys.modules.get(name)
    if known is None or known.__file__ == str(path):
        return name
    return f"{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
