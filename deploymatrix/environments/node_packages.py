"""Installs what a package-lock.json pins, with the npm that comes with Node's wheel and the user's npm settings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from deploymatrix.environments.tying import tied
from deploymatrix.errors import EnvironmentFailed

REMEDY = "make the lock anew: nox -s lock"


def read_package_lock(path: Path) -> dict[str, dict[str, object]]:
    """Return the packages that the lock pins, by their folder.

    Raise EnvironmentFailed when it is missing, no lock, or pins a package without an integrity hash.
    """
    try:
        packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    except FileNotFoundError:
        raise EnvironmentFailed(f"{path}: there is no such lock; {REMEDY}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailed(f"{path}: not a package-lock.json of version 2 or 3 ({error!r}); {REMEDY}") from None
    pinned: dict[str, dict[str, object]] = {where: entry for where, entry in packages.items() if where}
    for where, entry in pinned.items():
        if not entry.get("integrity"):
            raise EnvironmentFailed(f"{path}: {where} has no integrity hash; {REMEDY}")
    return pinned


def install_node_packages(package_lock: Path, wheel: Path, folder: Path) -> None:
    """Make `folder` with node_modules in it, and run no package's own scripts.

    wheel: the folder with bin/node and lib/node_modules/npm. Raise EnvironmentFailed with the end of npm's words.
    """
    folder.mkdir()
    for file in (package_lock, package_lock.with_name("package.json")):
        shutil.copyfile(file, folder / file.name)
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--no-update-notifier"]
    done = subprocess.run(
        tied([wheel / "bin" / "node", npm, "ci", *options]),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env=_variables(wheel),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise EnvironmentFailed(
            f"installing {package_lock}: npm ended with exit code {done.returncode}:\n{said}\n"
            "Check the network, and npm's registry, proxy and cafile (npm config list)."
        )


def _variables(wheel: Path) -> dict[str, str]:
    """Return npm's environment.

    A machine's own npm may have settings for all users; the wheel's npm would look elsewhere for them.
    """
    variables = {**os.environ, "PATH": f"{wheel / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    npm = shutil.which("npm")
    if npm and not any(key.lower() == "npm_config_globalconfig" for key in os.environ):
        done = subprocess.run([npm, "config", "get", "globalconfig"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            variables["npm_config_globalconfig"] = done.stdout.strip()
    return variables
