"""What the engine gets to build an image from, as a stream: a tar archive that is never on disk.

The same packages give the same bytes (no times, no owners), so the engine's own layer cache holds across builds.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

SHARED = "shared"
PACKAGES = "packages"
LARGE_BYTES = 200 * 1024**2
CHUNK = 1 << 20
HEADERS = frozenset({"include"})  # in a package's own folder
LEFT_OUT = {"__pycache__", ".bin", "_virtualenv.py", "_virtualenv.pth", ".package-lock.json"}


def context(dockerfile: Path, packages: Path, *, headers: bool = False) -> Iterator[bytes]:
    """Stream the Dockerfile, shared/ with the large packages under `packages`, packages/ with the others.

    headers: with the packages' C headers, which serve builds only; TensorFlow's are 440 MB.
    """
    yield from _file(dockerfile, "Dockerfile")
    for folder in (SHARED, PACKAGES):
        yield _folder(folder)
    for top in sorted(packages.iterdir()):
        if top.name not in LEFT_OUT:
            without = frozenset() if headers else HEADERS
            yield from _tree(top, f"{SHARED if is_large(top) else PACKAGES}/{top.name}", without)
    yield b"\0" * 2 * tarfile.BLOCKSIZE


def is_large(path: Path) -> bool:
    """Tell whether a package is worth a layer of its own. What its use adds (__pycache__) does not count."""
    files = (file for file in path.rglob("*") if file.suffix != ".pyc" and file.is_file())
    return path.is_dir() and sum(file.stat().st_size for file in files) > LARGE_BYTES


def _tree(path: Path, name: str, without: frozenset[str] = frozenset()) -> Iterator[bytes]:
    """Stream a file or folder; `without`: names of folders in it that are left out."""
    if path.is_symlink() or not path.is_dir():
        yield from _file(path, name)
        return
    yield _folder(name)
    for inner in sorted(path.iterdir()):
        if inner.name not in LEFT_OUT and not (inner.name in without and inner.is_dir()):
            yield from _tree(inner, f"{name}/{inner.name}")


def _folder(name: str) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    return entry.tobuf(tarfile.PAX_FORMAT)


def _file(path: Path, name: str) -> Iterator[bytes]:
    entry = tarfile.TarInfo(name)
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
        yield entry.tobuf(tarfile.PAX_FORMAT)
        return
    status = path.stat()
    entry.size = status.st_size
    entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
    yield entry.tobuf(tarfile.PAX_FORMAT)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
    yield b"\0" * (-entry.size % tarfile.BLOCKSIZE)
