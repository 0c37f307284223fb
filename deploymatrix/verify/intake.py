"""Files of the user's, copied into the store: containers can read them there, and nobody changes them meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploymatrix.store import digests
from deploymatrix.store.entries import Entry, Kind
from deploymatrix.store.store import Store
from deploymatrix.verify.artifacts import Sample
from deploymatrix.verify.location import belonging
from deploymatrix.verify.wire import write_samples


def keep_artifact(store: Store, located: Path) -> Path:
    """Copy a file with those that belong to it, or a folder, into the store; return what the runtime loads there."""
    folder = _new_folder(store, "artifacts")
    if located.is_dir():
        shutil.copytree(located, folder / located.name)
    else:
        for file in belonging(located):
            shutil.copyfile(file, folder / file.name)
    key = digests.of_data({"foreign": _contents(folder)})
    about = {"entry": located.name}
    return store.put("artifacts", key, folder, about=about).files / located.name


def keep_samples(store: Store, samples: Sequence[Sample], names: Mapping[str, str]) -> Entry:
    """Write the samples' arrays into the store; `names` gives for each array its wire name."""
    folder = _new_folder(store, "samples")
    write_samples(folder, samples, names)
    key = digests.of_data({"foreign": _contents(folder)})
    return store.put("samples", key, folder, about={})


def _new_folder(store: Store, kind: Kind) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=".foreign-", dir=store.folder(kind)))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    return folder


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digests.of_file(path) for path in files}
