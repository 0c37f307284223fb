"""What a child reads outside of its environment: files by an audit hook on `open`, modules by `sys.modules`.

The hook hears what Python opens. What a library opens in C++ or Rust by itself (safetensors, HDF5) is taken from the
arguments of the functions that a model calls while it is imported and built: a file that is named there counts as read.
Nothing is heard of other processes, and of files that are opened so by a prefix of their names.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath
from types import FrameType, ModuleType
from typing import Any

SYSTEM = (
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/etc",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/usr/bin",
    "/usr/lib",
    "/usr/share",
)
BYTECODE = (".pyc", ".pyo")


listening: list[Reads] = []  # the child's own, once it has begun


@contextmanager
def watched() -> Iterator[None]:
    """Take as read every file that an argument names meanwhile; nothing in a child that does not tell what it reads."""
    with ExitStack() as stack:
        for reads in listening:
            stack.enter_context(reads.watched())
        yield


class Reads:
    """The files that a child has read since `begin`, as absolute paths; those that it wrote first are its own."""

    def __init__(self, shared: Iterable[ModuleType] = ()) -> None:
        self.opened: dict[str, None] = {}
        self.written: set[str] = set()
        self.told: set[str] = set()
        self.looked_at: set[str] = set()
        self.shared = [file_of(behind) for module in shared for behind in modules_behind(module)]
        self.known = dict(sys.modules)
        self.scratch, self.started = os.path.abspath(tempfile.gettempdir()), time.time()

    def begin(self) -> None:
        """Listen from now on; Python knows no way to stop that."""
        listening.append(self)
        told, hear = frozenset({"open", "os.rename", "ctypes.dlopen"}), self.hear

        def hook(event: str, args: tuple[Any, ...]) -> None:  # of every event there is: it has to be quick
            if event in told:
                hear(event, args)

        sys.addaudithook(hook)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            self.note(path, flags)
        elif event == "os.rename" and absolute(args[0]) in self.written:
            self.written.add(absolute(args[1]))
        elif event == "ctypes.dlopen" and args[0] and os.sep in os.fsdecode(args[0]):
            self.note(args[0], os.O_RDONLY)

    def note(self, path: Any, flags: int) -> None:
        name = absolute(path)
        makes_it = flags & (os.O_TRUNC | os.O_CREAT) or flags & os.O_ACCMODE == os.O_WRONLY
        if makes_it and name not in self.opened:
            self.written.add(name)
        elif not makes_it and name not in self.written:
            self.opened[name] = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take as read every file that an argument names meanwhile, whoever opens it."""
        before = sys.getprofile()
        sys.setprofile(self.look)
        try:
            yield
        finally:
            sys.setprofile(before)

    def look(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code, given = frame.f_code, frame.f_locals
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            value = given.get(name)
            # by type(): isinstance() asks the object, and one that is half made may not be able to answer
            text = text_of(value) if issubclass(type(value), (str, PurePath)) else ""
            if text and text not in self.looked_at:
                self.looked_at.add(text)
                if could_name_a_file(text):
                    self.note(text, os.O_RDONLY)

    def take(self) -> list[str]:
        """Return what was read since the last call, sorted: regular files outside of the environment."""
        imported = [module for name, module in list(sys.modules.items()) if module is not self.known.get(name)]
        found = {
            name for name in [*self.opened, *self.shared, *map(file_of, imported)] if name and name not in self.told
        }
        self.told |= found
        return sorted(name for name in found if is_outside(name) and os.path.isfile(name) and not self.is_own(name))

    def is_own(self, name: str) -> bool:
        """Tell whether the child, or a library or program that it called, made the file."""
        if name in self.written:
            return True
        return name.startswith(f"{self.scratch}{os.sep}") and os.stat(name).st_ctime >= self.started


def modules_behind(module: ModuleType) -> Iterator[ModuleType]:
    """Yield the module and what it imports from outside of the environment, at any depth: read from their texts.

    What the server has imported cannot be told by `sys.modules`, where the modules of other requests lie, too.
    """
    seen: set[str] = set()
    left = [module]
    while left:
        found = left.pop()
        file = file_of(found)
        if file and file not in seen and is_outside(file):
            seen.add(file)
            yield found
            left += [sys.modules[name] for name in imported_by(Path(file)) if name in sys.modules]


def imported_by(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports, anywhere in it; a name taken from one may be one itself."""
    if path.suffix != ".py":
        return
    for part in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(part, ast.Import):
            for alias in part.names:
                parts = alias.name.split(".")
                yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        elif isinstance(part, ast.ImportFrom) and part.module:
            yield from (part.module, *(f"{part.module}.{alias.name}" for alias in part.names))


def text_of(value: Any) -> str:
    """Return a text or a path as a text; nothing for a path that is being made, which has none yet (Python 3.12)."""
    try:
        return os.fsdecode(value)
    except AttributeError:
        return ""


def could_name_a_file(text: str) -> bool:
    """Tell whether it is a file's name: code holds many short texts, of which few are."""
    return (os.sep in text or "." in text) and len(text) < 4096 and "\n" not in text and os.path.isfile(text)


def file_of(module: ModuleType) -> str:
    """Return the absolute path of a module's file; nothing for one without."""
    file = getattr(module, "__file__", None)
    return absolute(file) if isinstance(file, str) and os.path.isabs(file) else ""


def absolute(path: Any) -> str:
    """Return the path as a string; nothing for a descriptor, and for a path that leads nowhere."""
    if isinstance(path, int) or path is None:
        return ""
    try:
        return os.path.abspath(os.fsdecode(path))
    except (OSError, TypeError):  # the current folder is gone; or it is no path, which open() will say
        return ""


def is_outside(name: str) -> bool:
    """Tell whether a file is neither the environment's, nor the system's, nor the worker's, nor bytecode."""
    return not name.endswith(BYTECODE) and not any(
        name == folder or name.startswith(f"{folder}{os.sep}") for folder in inside
    )


def take_for_installed(folder: str) -> None:
    """Take a folder of packages for one of the environment's: what a lock pins is no file of the user's."""
    inside.extend(place for place in (folder, os.path.realpath(folder)) if place not in inside)


def folders_inside() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    own = [sys.prefix, sys.exec_prefix, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    own += [
        f"{prefix}/{part}" for prefix in (sys.base_prefix, sys.base_exec_prefix) for part in ("bin", "lib", "share")
    ]
    found = [*own, str(Path(__file__).parent)]
    return tuple(dict.fromkeys([*SYSTEM, *found, *map(os.path.realpath, found)]))


inside = [*folders_inside()]
