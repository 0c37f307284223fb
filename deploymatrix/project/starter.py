"""Write what `init` gives: a minimal project, from the files under templates/."""

from __future__ import annotations

from pathlib import Path

from deploymatrix.errors import ConfigurationError

TEMPLATES = Path(__file__).parent / "templates"
# Where each template goes. Those that tools would take for their own have other names in the package.
FILES = {
    "deploymatrix.toml": "deploymatrix.toml",
    "noxfile.py.txt": "noxfile.py",
    "workflow.yml": ".github/workflows/deploymatrix.yml",
    "gitignore.txt": ".gitignore",
    "model/model.py.txt": "models/digits/model.py",
    "model/model.toml": "models/digits/model.toml",
}


def write_project(folder: Path) -> list[Path]:
    """Write the files and return them. Raise ConfigurationError, and write nothing, if one of them exists."""
    present = [name for name in FILES.values() if (folder / name).exists()]
    if present:
        raise ConfigurationError(f"{folder}: {', '.join(present)} is there already; choose another folder")
    for template, name in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((TEMPLATES / template).read_bytes())
    return [folder / name for name in FILES.values()]
