"""The files that a task made, sent to the server: the host opens nothing that a task could reach.

Each file is a line of JSON, `{"path": "0/y.npy", "bytes": 168}`, and then that many bytes.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 18


def deliver(folder: Path, fd: int, most: int) -> None:
    """Send the folder's files, in the order of their names. Raise OSError when the server does not take them.

    Raise ValueError for more than `most` files, before any is sent.
    """
    paths = list(itertools.islice(files_below(folder), most + 1))
    if len(paths) > most:
        raise ValueError(f"it left more than {most:,} files, which is more than it may send")
    for path in paths:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = {"path": path.relative_to(folder).as_posix(), "bytes": size}
            write_all(fd, json.dumps(head).encode() + b"\n")
            while size:
                data = file.read(min(size, CHUNK))
                if not data:
                    raise OSError(f"{path.name} has become shorter while it was read")
                write_all(fd, data)
                size -= len(data)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the regular files at any depth; raise ValueError for what is neither file nor folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_symlink():
            raise ValueError(f"{path.name} is a symbolic link; a result must hold its own bytes")
        if path.is_dir():
            yield from files_below(path)
        elif path.is_file():
            yield path
        else:
            raise ValueError(f"{path.name} is neither a file nor a folder")


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
