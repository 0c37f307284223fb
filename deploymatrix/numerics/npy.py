"""The strict reader of .npy files: for arrays that a runtime wrote which nobody trusts.

It knows what numpy writes for numbers and booleans, in one form, and no pickles. The format:
https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]

MAGIC = b"\x93NUMPY"
MOST_HEADER = 4096  # bytes
MOST_AXES = 32
MOST_BYTES = 1 << 40
SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
HEADER = re.compile(
    r"\{'descr': '(?P<order>[<>|=])(?P<kind>[biufc])(?P<size>\d{1,2})', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,18}, ?)*(?:\d{1,18},?)?)\), ?\} *\n?"
)


class MalformedArray(ValueError):
    """A file that is no .npy file of numbers, in words that say why."""


@dataclass(frozen=True)
class Header:
    """What a file says of its array. `start`: the byte at which the values begin."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    is_fortran: bool
    start: int

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read(path: Path) -> Array:
    """Read one array, in C order and the machine's byte order. Raise MalformedArray, OSError."""
    with opened(path) as file:
        header = header_of(file)
        size = os.fstat(file.fileno()).st_size
        if size != header.start + header.bytes:
            raise MalformedArray(
                f"{size - header.start} bytes of values, where {header.dtype} of shape {list(header.shape)} has "
                f"{header.bytes}"
            )
        flat = np.fromfile(file, dtype=header.dtype, count=math.prod(header.shape))
    array = flat.reshape(header.shape, order="F" if header.is_fortran else "C")
    return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("=")).reshape(header.shape)


def check(path: Path) -> None:
    """Raise MalformedArray unless `read` would give an array. Reads no values."""
    with opened(path) as file:
        header = header_of(file)
        size = os.fstat(file.fileno()).st_size
        if size != header.start + header.bytes:
            raise MalformedArray(f"{size - header.start} bytes of values, where its header says {header.bytes}")


def opened(path: Path) -> IO[bytes]:
    """Open a regular file, without following a link and without waiting for a pipe's writer."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise MalformedArray("it is no regular file")
    return os.fdopen(fd, "rb")


def header_of(file: IO[bytes]) -> Header:
    """Read the header. Raise MalformedArray for a form that numpy does not write for numbers."""
    start = file.read(len(MAGIC) + 2)
    if start[:-2] != MAGIC or start[-2] not in (1, 2, 3):
        raise MalformedArray("it is no .npy file")
    width = 2 if start[-2] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > MOST_HEADER:
        raise MalformedArray(f"a header of {length} bytes; {MOST_HEADER} are allowed")
    text = file.read(length)
    found = HEADER.fullmatch(text.decode("latin-1"))
    if len(text) < length or found is None or int(found["size"]) not in SIZES[found["kind"]]:
        raise MalformedArray(f"a header that is not one of numbers: {text[:120]!r}")
    shape = tuple(int(size) for size in found["shape"].replace(",", " ").split())
    header = Header(
        np.dtype(f"{found['order']}{found['kind']}{found['size']}"),
        shape,
        found["fortran"] == "True",
        len(MAGIC) + 2 + width + length,
    )
    if len(shape) > MOST_AXES or header.bytes > MOST_BYTES:
        raise MalformedArray(f"shape {list(shape)[:MOST_AXES]}, which no tensor has")
    return header
