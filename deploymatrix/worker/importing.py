"""Where code finds modules by their names. A target: in what its runner hands to it.

A model: in folders of the user's, first; in packages of its own, last.

Only a child does this: what one model brings in does not reach another one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import reading, warming

if TYPE_CHECKING:
    from .tasks import WireImports


HANDED = "DEPLOYMATRIX_MODULES"  # the folder that a runner hands to its targets


def lay_handed() -> None:
    """Let a target import what its runner hands to it: after all packages, of which it takes no name."""
    folder = os.environ.get(HANDED)
    if folder and folder not in sys.path:
        sys.path.append(folder)


def lay(model: Path, imports: WireImports) -> None:
    """Let `model` import from its folders and packages.

    The environment's own packages come before those: where both have one, its version is the same. What the model
    imports of its packages is imported here already, where nobody listens to each of their calls.
    """
    packages = imports["packages"]
    if packages is not None and packages not in sys.path:
        sys.path.append(packages)
        reading.take_for_installed(packages)
        warming.import_found_in(Path(packages), model, [Path(folder) for folder in imports["folders"]])
    for folder in reversed(imports["folders"]):
        if folder not in sys.path:
            put_first(Path(folder))


def put_first(folder: Path) -> None:
    """Let `import layers` mean the folder's own layers.py, whatever of that name was imported before."""
    sys.dont_write_bytecode = True  # not beside the user's files
    sys.path.insert(0, str(folder))
    own = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    for name in [name for name in sys.modules if name.partition(".")[0] in own - sys.stdlib_module_names]:
        del sys.modules[name]
