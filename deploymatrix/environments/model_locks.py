"""Makes the lock of a model's own packages: what its framework's environment lacks, and nothing else.

All that the environment has stays as it is there: the packages are chosen to go with its pins.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.environments.lockfile import LockFile, moved_pin, read_lock
from deploymatrix.environments.uv_command import try_uv
from deploymatrix.errors import EnvironmentFailed

BLOCK = re.compile(r"(?m)^(?=[A-Za-z0-9])")
KEPT_LINES = 12


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The environment that a model's packages are laid over."""

    environment: str
    lock: Path


def compile_over(
    ground: Ground, asked: Path, output: Path, command: list[str], excludes: list[str], variables: Mapping[str, str]
) -> str:
    """Compile what `asked` (a requirements.in) needs into `output`; return the lock, without what the environment has.

    command: of uv, up to its options about the environment and the output. What `output` holds already is preferred.
    Raise EnvironmentFailed where nothing goes with the environment's pins.
    """
    environment = read_lock(ground.lock)
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "constraints.txt"
        pins.write_text(_plain(environment), encoding="utf-8")
        left_out = Path(folder) / "excludes.txt"
        left_out.write_text("\n".join([*excludes, *environment.excluded]), encoding="utf-8")
        command = [*command, "--no-annotate", "--excludes", str(left_out)]
        held = [*command, "--constraints", str(pins), "--output-file", str(output)]
        done = try_uv(held, variables=variables, cwd=asked.parent)
        if done.returncode:
            raise EnvironmentFailed(_why(ground, environment, asked, command, variables, done.stderr))
    blocks, has = BLOCK.split(output.read_text(encoding="utf-8")), environment.versions()
    return "".join(block for block in blocks if block.partition("==")[0].strip().lower() not in has)


def _why(
    ground: Ground,
    environment: LockFile,
    asked: Path,
    command: list[str],
    variables: Mapping[str, str],
    said: str,
) -> str:
    """Name the pins that would move, found by a search that may move them; else say what uv said."""
    with tempfile.TemporaryDirectory() as folder:
        preferred = Path(folder) / "preferred.txt"
        preferred.write_text(_plain(environment), encoding="utf-8")
        free = try_uv([*command, "--output-file", str(preferred)], variables=variables, cwd=asked.parent)
        wanted = dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;+]+)", preferred.read_text(encoding="utf-8")))
    has = environment.versions()
    moved = [name for name, version in wanted.items() if has.get(name, version) != version]
    if free.returncode or not moved:
        return f"locking {asked}: nothing goes with the environment {ground.environment} ({ground.lock}):\n{_end(said)}"
    return "\n".join(moved_pin(asked, ground.environment, ground.lock, n, has[n], wanted[n]) for n in moved)


def _plain(lock: LockFile) -> str:
    return "".join(f"{name}=={version}\n" for name, version in lock.versions().items())


def _end(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-KEPT_LINES:])
