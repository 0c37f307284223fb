"""Where a project's files lie: in the user's folder, or else in the tree that comes with deploymatrix.

The shipped tree (targets/, pipelines/, models/, docker/, docs/findings/) is the checkout that the package lies in, or,
installed from a wheel, a folder inside the package. A user's folder takes the place of a shipped one of the same name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError

if TYPE_CHECKING:
    from deploymatrix.project.specs import ProjectSpec

SETTINGS = "deploymatrix.toml"
INSIDE_THE_WHEEL = Path(__file__).resolve().parents[1] / "_shipped"
PARTS = ("pipelines", "targets", "docker")
SIGNS = (SETTINGS, "models", "targets", "pipelines", "docker")  # one of them makes a folder a project


def shipped_tree() -> Path:
    """Return the tree that came with the package. Raise ConfigurationError when it is not whole."""
    tree = INSIDE_THE_WHEEL if INSIDE_THE_WHEEL.is_dir() else INSIDE_THE_WHEEL.parent.parent
    missing = [part for part in PARTS if not (tree / part).is_dir()]
    if missing:
        raise ConfigurationError(
            f"{tree}: this installation of deploymatrix lacks {', '.join(missing)}/; install it again"
        )
    return tree


def find_root(start: Path) -> Path:
    """Return the project of `start`: the nearest folder upwards with a deploymatrix.toml, else `start` itself."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / SETTINGS).is_file()), start)


def check_project(root: Path) -> None:
    """Raise ConfigurationError for a folder that is not there, or that holds nothing of a project.

    A folder without any of the files and folders in SIGNS has no model of its own: all that it could run is what is
    shipped, which nobody who mistyped a path has asked for (docs/decisions/what-a-project-is.md).
    """
    check_folder(root)
    if not any((root / sign).exists() for sign in SIGNS):
        raise ConfigurationError(
            f"{root}: this folder is no project: it has neither {', '.join(SIGNS[:-1])} nor {SIGNS[-1]}; "
            f"`deploymatrix init {root}` makes one, --root names another"
        )


def check_folder(root: Path) -> None:
    """Raise ConfigurationError unless there is such a folder: nothing is created for a mistyped one."""
    if not root.is_dir():
        what = "this is no folder" if root.exists() else "there is no such folder"
        raise ConfigurationError(f"--root {root}: {what}; correct the path, or make a project by `deploymatrix init`")


def read_settings(root: Path) -> ProjectSpec:
    """Read deploymatrix.toml; use the defaults where there is none. Raise ConfigurationError for a wrong one."""
    from deploymatrix.project.specs import ProjectSpec
    from deploymatrix.project.toml_files import read_spec

    path = root / SETTINGS
    return read_spec(path, ProjectSpec) if path.is_file() else ProjectSpec()


def tree_below(root: Path, settings: ProjectSpec) -> Path | None:
    """Return the shipped tree, which fills what `root` lacks; None where `root` is a whole tree itself.

    Unless deploymatrix.toml decides, a folder that holds both targets/ and pipelines/ is a whole tree.
    """
    whole = not (root / SETTINGS).is_file() and (root / "targets").is_dir() and (root / "pipelines").is_dir()
    wanted = not whole if settings.shipped is None else settings.shipped
    tree = shipped_tree() if wanted else None
    return None if tree == root else tree


def build_folder(root: Path, settings: ProjectSpec, option: Path | None) -> Path:
    """Return the folder of all that is generated: --build-dir, else as in deploymatrix.toml, else build/ in `root`."""
    return option.resolve() if option is not None else (root / settings.build).resolve()
