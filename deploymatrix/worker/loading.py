"""The import of files by path, once each: steps and frameworks in the server, models and their sources in the child."""

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

from . import importing, reading, versions, warming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .modules import ModelModule, SourceModule
    from .protocol import Submit
    from .spec import Spec
    from .tasks import WireImports

MODEL = "model.py"

failed: dict[Path, Exception] = {}
preloaded: set[Path] = set()


class UncachedLoader(SourceFileLoader):
    """A loader that leaves no bytecode beside the user's files."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def preload(request: Submit[Any]) -> bool:
    """Import what the request's framework-side modules are and need, and the packages that its model imports.

    Return whether any of it was new. Nothing of the model itself runs here: what it changes would reach other models.
    Raise what the import of a framework-side module raised.
    """
    before = len(sys.modules)
    preloaded.update(sides(request))
    versions.of(*[load(path) for path in framework_side(request)])  # looked up once here, not in every child
    model = model_side(request)
    if model is not None:
        warming.import_packages_of(model, with_neighbours=model.name == MODEL, folders=import_folders(request))
    return len(sys.modules) != before


def is_new(request: Submit[Any]) -> bool:
    """Tell whether the server sees one of the request's modules for the first time: an import may take seconds."""
    return not preloaded.issuperset(sides(request))


def sides(request: Submit[Any]) -> list[Path]:
    model = model_side(request)
    return [*framework_side(request), *([model] if model is not None else [])]


def framework_side(request: Submit[Any]) -> list[Path]:
    """Return the request's step, runner or framework, and what opens its model: code that many models share."""
    named = [request["module"], request["args"].get("source", {}).get("framework")]
    return [Path(name) for name in named if name]


def model_side(request: Submit[Any]) -> Path | None:
    """Return the module that builds the request's model; None where no module does."""
    args: dict[str, Any] = request["args"]
    name = args.get("model") or args.get("source", {}).get("model")
    return Path(name) if name else None


def import_folders(request: Submit[Any]) -> tuple[Path, ...]:
    """Return where the request's model finds modules by their names."""
    args: dict[str, Any] = request["args"]
    imports = args.get("imports") or args.get("source", {}).get("imports") or {"folders": []}
    return tuple(map(Path, imports["folders"]))


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


def load_model(args: Mapping[str, Any]) -> ModuleType:
    """Return the module that builds the model of `args`: its model.py, beside which it finds its own modules.

    A model that is given without code is built by a module of its framework, whose folder is no place to import from.
    """
    path = Path(args["model"])
    beside: WireImports = {"folders": [str(path.parent)] if path.name == MODEL else [], "packages": None}
    importing.lay(path, args.get("imports") or beside)
    with reading.watched():
        return load(path)


def model_of(args: Mapping[str, Any], spec: Spec) -> ModelModule:
    """Return the module with the model's `build()`.

    The file builds any model of its kind where the model is given without code; what comes back builds this one.
    """
    module = load_model(args)
    given = args.get("given")
    build = module.build if given is None else functools.partial(cast("SourceModule", module).build, given, spec)
    own = vars(module) if given is None else {}
    weights = Path(args["given_weights"]) if args.get("given_weights") else None
    return cast("ModelModule", SimpleNamespace(**{**own, "build": watched(build), "given_weights": weights}))


def watched(build: Callable[[], Any]) -> Callable[[], Any]:
    """Return the function, which tells what it reads while it builds a model."""

    def building() -> Any:
        with reading.watched():
            return build()

    return building


def execute(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=UncachedLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    importing.lay_handed()
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
