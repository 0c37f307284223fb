"""The built wheel, and empty environments to put it into: what users have who never saw the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.environments.pip_settings import pip_variables
from deploymatrix.environments.uv_command import run_uv

REPOSITORY = Path(__file__).resolve().parents[1]
ALL_TARGETS = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in REPOSITORY.glob("targets/*/target.toml")
}
TARGETS = {
    name for name, spec in ALL_TARGETS.items() if "reach" not in spec.get("tags", ())
}  # those of a plan by default


@dataclass(frozen=True)
class Installed:
    """The built wheel, and the environment that holds it and what it depends on, nothing else."""

    wheel: Path
    python: Path

    def run(self, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self.python.with_name("deploymatrix"), *arguments]
        env = without_the_repository()
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=1200)


def without_the_repository() -> dict[str, str]:
    """This process's variables, but for the one through which its children would import from the repository."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def build_wheel(folder: Path) -> Path:
    uv(["build", "--quiet", "--wheel", "--out-dir", str(folder), str(REPOSITORY)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def empty_python(folder: Path, *, with_pip: bool = False) -> Path:
    """The interpreter of a new environment, which holds nothing, or pip alone."""
    seed = ["--seed"] if with_pip else []
    uv(["venv", "--quiet", *seed, "--python", sys.executable, str(folder)])
    return folder / "bin" / "python"


def install(wheel: Path, python: Path) -> Installed:
    uv(["pip", "install", "--quiet", "--python", str(python), str(wheel)])
    return Installed(wheel, python)


def uv(arguments: list[str]) -> None:
    variables = {**without_the_repository(), **pip_variables()}
    run_uv(arguments, doing=" ".join(arguments), variables=variables)
