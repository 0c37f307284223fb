"""Packages of a model's own, laid over an environment: a folder that holds what the environment lacks, and no more.

The environment's own packages stay in front of them, so none may be there at another version than the environment has.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python, site_packages
from deploymatrix.environments.lockfile import Pin, moved_pin, read_lock, render
from deploymatrix.environments.pip_settings import pip_variables
from deploymatrix.environments.recipes import PackagesRecipe
from deploymatrix.environments.tying import tied
from deploymatrix.environments.uv_command import run_uv, try_uv
from deploymatrix.environments.whole_folders import ensure_whole
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

INFO = ".dist-info"
PROBE = "import sys; sys.path.append(sys.argv[1]); __import__(sys.argv[2])"
PROBE_S = 300


def ensure_packages(recipe: PackagesRecipe, envs: Path, say: Say, *, platform: str | None = None) -> Path:
    """Return the folder of the packages, made now if it is not there.

    platform: packages for another platform than this one, as uv names them.
    Raise EnvironmentFailed for an unsound lock, for a package that the environment has at another version, for one
    that cannot be had, and for one that does not fit the environment's build of torch.
    """
    home = recipe.folder(envs)
    if home.exists():
        return home
    pins = lacking(recipe)
    python = ensure_python(recipe.environment, recipe.environment_lock, envs, say, platform=platform)

    def build(folder: Path) -> None:
        folder.mkdir()
        variables = {**os.environ, **pip_variables()}
        where = ["--python", str(python), "--target", str(folder), "--compile-bytecode"]
        where += ["--python-platform", platform] if platform else []
        _install(recipe, pins, where, variables)
        local = _build_of_torch(python)
        for pin in (pin for pin in pins if not pin.hashes):
            _install_build(recipe, pin, local, where, variables)
            if platform is None:
                _probe(recipe, pin, local, python, folder)

    ensure_whole(home, Path(), str(recipe), build, say)
    return home


def lacking(recipe: PackagesRecipe) -> list[Pin]:
    """Return the pins of the lock that the environment lacks. Raise EnvironmentFailed for one that it has otherwise."""
    lock, environment = read_lock(recipe.lock), read_lock(recipe.environment_lock)
    has = environment.versions()
    moved = [pin for pin in lock.pins if has.get(pin.name, pin.version) != pin.version]
    if moved:
        raise EnvironmentFailed(
            "\n".join(
                moved_pin(
                    recipe.lock, recipe.environment, recipe.environment_lock, pin.name, has[pin.name], pin.version
                )
                for pin in moved
            )
        )
    return [pin for pin in lock.pins if pin.name not in has]


def _install(recipe: PackagesRecipe, pins: list[Pin], where: list[str], variables: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hashed = Path(folder) / "hashed.txt"
        hashed.write_text(render(tuple(pin for pin in pins if pin.hashes)), encoding="utf-8")
        command = ["pip", "install", "--quiet", *where, "--no-deps", "--require-hashes", "-r", str(hashed)]
        run_uv(command, doing=f"installing {recipe.lock}", variables=variables)


def _install_build(
    recipe: PackagesRecipe, pin: Pin, local: str, where: list[str], variables: Mapping[str, str]
) -> None:
    """Install what is built for a build of torch: for the environment's where it is offered, else the plain one."""
    fitting, plain = f"{pin.name}=={pin.version}{local}", f"{pin.name}=={pin.version}"
    command = ["pip", "install", "--quiet", *where, "--no-deps"]
    if not local or try_uv([*command, fitting], variables=variables).returncode:
        run_uv([*command, plain], doing=f"installing {recipe.lock}", variables=variables)


def _probe(recipe: PackagesRecipe, pin: Pin, local: str, python: Path, folder: Path) -> None:
    """Raise EnvironmentFailed for a build that cannot be imported beside the environment's torch."""
    command = [str(python), "-s", "-c", PROBE, str(folder), pin.name]
    done = subprocess.run(tied(command), capture_output=True, text=True, timeout=PROBE_S, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise EnvironmentFailed(
            f"{recipe.lock}: {pin.name}=={pin.version} as the indexes offer it does not fit the environment "
            f"{recipe.environment}, whose torch is the build {local.removeprefix('+') or 'of the main index'}: {said}."
            f" Set pip's extra-index-url or find-links to where {pin.name}=={pin.version}{local} is; or, where the "
            f"model works without {pin.name}, name it in requirements.excludes"
        )


def _build_of_torch(python: Path) -> str:
    """Return the local version of the environment's torch, such as +cpu; nothing where it has none."""
    found = next(site_packages(python).glob(f"torch-*{INFO}"), None)
    name = found.name.removesuffix(INFO) if found else ""
    return f"+{name.partition('+')[2]}" if "+" in name else ""
