"""Files of the user's, copied into the store: containers can read them there, and nobody changes them meanwhile.

An archive is copied as the file that it is: nothing is ever unpacked here.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploymatrix.store import digests
from deploymatrix.store.entries import Entry, Kind
from deploymatrix.store.store import Store
from deploymatrix.verify.artifacts import Sample
from deploymatrix.verify.copying import copy_file, copy_folder, copy_referred
from deploymatrix.verify.external import referred
from deploymatrix.verify.wire import write_samples


def keep_artifact(store: Store, located: Path) -> Path:
    """Copy a file with those that belong to it, or a folder, into the store; return what the runtime loads there.

    What a file refers to is read in its copy, which nobody changes meanwhile. Raise ConfigurationError, by name, for a
    link, a device, a pipe or a socket among them, and for a reference that leaves the folder.
    """
    with _new_folder(store, "artifacts") as folder:
        if located.is_dir():
            (folder / located.name).mkdir()
            copy_folder(located, folder / located.name)
        else:
            copy_file(located, folder)
            for path in referred(folder / located.name, located):
                copy_referred(path, located, folder)
        key = digests.of_data({"foreign": _contents(folder)})
        about = {"entry": located.name}
        return store.put("artifacts", key, folder, about=about).files / located.name


def keep_samples(store: Store, samples: Sequence[Sample], names: Mapping[str, str]) -> Entry:
    """Write the samples' arrays into the store; `names` gives for each array its wire name."""
    with _new_folder(store, "samples") as folder:
        write_samples(folder, samples, names)
        key = digests.of_data({"foreign": _contents(folder)})
        return store.put("samples", key, folder, about={})


@contextmanager
def _new_folder(store: Store, kind: Kind) -> Iterator[Path]:
    """Give a folder that the store can take; what it did not take is removed."""
    folder = Path(tempfile.mkdtemp(prefix=".foreign-", dir=store.folder(kind)))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digests.of_file(path) for path in files}
