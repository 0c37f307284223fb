"""A lock as its own tool takes it, for somebody who has nothing of this project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.environments.lockfile import read_lock, render

PACKAGES = "packages"


@dataclass(frozen=True, kw_only=True)
class PlainLock:
    """Files to hand over, by name: their text, or where they lie; and the lines for a shell that install them."""

    files: Mapping[str, Path | bytes]
    install: tuple[str, ...]


def plain_lock(installer: str, lock: Path) -> PlainLock:
    """Return the packages of `lock` as `installer` (pip or npm) takes them without this project."""
    return _PLAIN[installer](lock)


def plain_packages(lock: Path) -> PlainLock:
    """Return packages of a model's own as pip takes them, into the folder PACKAGES, which lies over an environment."""
    plain = _for_pip(lock)
    renamed = {name: name.replace("requirements", "requirements-model") for name in plain.files}
    install = [f"python3 -m pip install --target {PACKAGES} --no-deps -r {name}" for name in renamed.values()]
    return PlainLock(files={renamed[name]: content for name, content in plain.files.items()}, install=tuple(install))


def _for_pip(path: Path) -> PlainLock:
    """Give packages without hashes a file of their own: pip refuses one in which only some have them."""
    lock = read_lock(path)
    files: dict[str, Path | bytes] = {"requirements.txt": render(lock.hashed()).encode()}
    install = ["python3 -m pip install --no-deps --require-hashes -r requirements.txt"]
    free = "".join(f"{pin.name}=={pin.version}\n" for pin in lock.unhashed())
    if free:
        files["requirements-any-build.txt"] = free.encode()
        install.append("python3 -m pip install -r requirements-any-build.txt")  # any build serves, also a small one
    return PlainLock(files=files, install=tuple(install))


def _for_npm(path: Path) -> PlainLock:
    return PlainLock(files={name: path.with_name(name) for name in ("package.json", path.name)}, install=("npm ci",))


_PLAIN = {"pip": _for_pip, "npm": _for_npm}
