"""Installs what a lock pins, from the indexes that the user set for pip, and nothing that it does not pin.

Every package is checked against its hashes; torch is installed afterwards in the build that the indexes offer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploymatrix.environments.lockfile import LockFile, Pin, render
from deploymatrix.environments.uv_command import run_uv, try_uv
from deploymatrix.say import Say

CPU = "+cpu"


def install_python_packages(
    lock: LockFile, python: Path, variables: Mapping[str, str], say: Say, *, platform: str | None = None
) -> None:
    """Install `lock` into the environment of `python`; `variables` is uv's whole environment.

    Raise EnvironmentFailed when a package cannot be had or its hash is not one of the lock's.
    """
    where = ["--python", str(python), *(["--python-platform", platform] if platform else [])]
    doing = f"installing {lock.path}"
    with tempfile.TemporaryDirectory() as folder:
        hashed = Path(folder) / "hashed.txt"
        hashed.write_text(render(lock.hashed()), encoding="utf-8")
        command = ["pip", "install", "--quiet", *where, "--no-deps", "--require-hashes", "-r", str(hashed)]
        run_uv(command, doing=doing, variables=variables)
        if lock.unhashed():
            command = _with_their_builds(lock, where, variables, Path(folder), say)
            run_uv(command, doing=doing, variables=variables)


def _with_their_builds(
    lock: LockFile, where: list[str], variables: Mapping[str, str], folder: Path, say: Say
) -> list[str]:
    """Return the command that adds the unhashed packages and what their chosen builds need beyond the lock.

    A CUDA build needs libraries that no lock lists. All else is held at the lock's versions, and what the lock
    leaves out stays out.
    """
    pins = [_preferred(pin, where, variables, say) for pin in lock.unhashed()]
    constraints = folder / "constraints.txt"
    constraints.write_text(render(lock.hashed()), encoding="utf-8")
    excludes = folder / "excludes.txt"
    excludes.write_text("\n".join(lock.excluded), encoding="utf-8")
    options = ["--constraints", str(constraints), "--excludes", str(excludes)]
    return ["pip", "install", "--quiet", *where, *options, *pins]


def _preferred(pin: Pin, where: list[str], variables: Mapping[str, str], say: Say) -> str:
    """Prefer the CPU build where one is offered: `torch==2.13.0` alone would take +cu130 before +cpu."""
    wanted = f"{pin.name}=={pin.version}{CPU}"
    question = ["pip", "compile", "--quiet", "--no-deps", *where, "-"]
    if try_uv(question, variables=variables, stdin=wanted).returncode == 0:
        return wanted
    say(f"{pin.name} {pin.version}: no CPU build is offered; taking what the index has, with all that it needs")
    return f"{pin.name}=={pin.version}"
