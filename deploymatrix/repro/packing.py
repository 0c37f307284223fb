"""The files of a bundle, written as a folder or as a zip."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

Files = dict[str, Path | bytes]  # by name in the bundle: what to copy, or the bytes themselves

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold


def write_folder(files: Mapping[str, Path | bytes], folder: Path) -> None:
    """Write the bundle's files below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)


def write_zip(files: Mapping[str, Path | bytes], path: Path) -> None:
    """Write the bundle as a zip: sorted, without times, so that the same files give the same bytes."""
    temporary = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in sorted(files.items()):
                _add(archive, name, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, content: Path | bytes) -> None:
    info = zipfile.ZipInfo(name, EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = 0o644 << 16
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    with content.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target, 1 << 20)
