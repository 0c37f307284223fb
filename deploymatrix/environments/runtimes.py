"""Runtimes: environments that hold one target's packages, made by the installer that its runner declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_node, ensure_node_wheel, ensure_python, site_packages
from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.node_packages import read_package_lock
from deploymatrix.environments.recipes import RuntimeRecipe
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A made environment. packages: the folder whose content goes into an image."""

    programs: Path
    packages: Path

    def program(self, name: str) -> Path:
        """Return the path of a program of the environment. Raise EnvironmentFailed where there is none."""
        path = self.programs / name
        if not path.exists():
            raise EnvironmentFailed(f"{self.programs}: there is no {name!r}; correct the command in runner.toml")
        return path


def ensure_runtime(recipe: RuntimeRecipe, envs: Path, say: Say, *, platform: str | None = None) -> Runtime:
    """Return the environment that the recipe describes, made now if it is not there.

    platform: packages for another platform than this one, as uv names them; then it is only good for copying.
    Raise EnvironmentFailed for an unsound lock or a failed installation.
    """
    return INSTALLERS[recipe.installer].ensure(recipe, envs, say, platform)


def ensure_program(recipe: RuntimeRecipe, envs: Path, say: Say) -> Path | None:
    """Return the interpreter that a base image lacks; None for an installer whose interpreter Debian has."""
    return INSTALLERS[recipe.installer].program(recipe, envs, say)


def locked_versions(recipe: RuntimeRecipe) -> dict[str, str]:
    """Return the version of each package that the recipe's lock pins. Raise EnvironmentFailed for an unsound lock."""
    return INSTALLERS[recipe.installer].versions(recipe.lock)


@dataclass(frozen=True)
class _Installer:
    ensure: Callable[[RuntimeRecipe, Path, Say, str | None], Runtime]
    program: Callable[[RuntimeRecipe, Path, Say], Path | None]
    versions: Callable[[Path], dict[str, str]]


def _with_pip(recipe: RuntimeRecipe, envs: Path, say: Say, platform: str | None) -> Runtime:
    python = ensure_python(recipe.name, recipe.lock, envs, say, platform=platform)
    return Runtime(programs=python.parent, packages=site_packages(python))


def _with_npm(recipe: RuntimeRecipe, envs: Path, say: Say, _platform: str | None) -> Runtime:
    home = ensure_node(recipe.name, recipe.lock, _wheel(recipe), envs, say)
    return Runtime(programs=home / "bin", packages=home / "node_modules")


def _node_of_wheel(recipe: RuntimeRecipe, envs: Path, say: Say) -> Path:
    return ensure_node_wheel(_wheel(recipe), envs, say) / "bin" / "node"


def _wheel(recipe: RuntimeRecipe) -> Path:
    assert recipe.interpreter is not None, f"{recipe.lock}: npm needs the lock of an interpreter"
    return recipe.interpreter


def _versions_by_pip(lock: Path) -> dict[str, str]:
    return read_lock(lock).versions()


def _versions_by_npm(lock: Path) -> dict[str, str]:
    locked = read_package_lock(lock)
    return {folder.rpartition("node_modules/")[2]: str(entry["version"]) for folder, entry in locked.items()}


INSTALLERS = {
    "pip": _Installer(ensure=_with_pip, program=lambda *_: None, versions=_versions_by_pip),
    "npm": _Installer(ensure=_with_npm, program=_node_of_wheel, versions=_versions_by_npm),
}
