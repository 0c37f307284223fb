"""Entry: `python -s <folder>` serves requests; `python -s <folder> child <fd> <fd>` is one spawned child.

It loads the folder as a package under a name of its own and takes it off `sys.path`, so that no file in it can shadow
a module that a step imports.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

NAME = "deploymatrix_worker"


def main() -> int:
    adopt(Path(__file__).resolve().parent)
    if sys.argv[1:2] == ["child"]:
        importlib.import_module(f"{NAME}.child").main_from_stdin(int(sys.argv[2]), int(sys.argv[3]))
    return int(importlib.import_module(f"{NAME}.greeting").main())


def adopt(folder: Path) -> None:
    """Load the folder as the package NAME. Raise ImportError where that cannot be."""
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the worker from {folder}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    sys.exit(main())
