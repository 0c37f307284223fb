"""The .npz files of --inputs and --reference: nothing is unpickled, and no more is read than they may hold."""

from __future__ import annotations

import math
import os
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.tensors import Array

MOST_BYTES = 1 << 31  # of the arrays of one sample, unpacked: a zip of a few MB can hold thousands of times as much
LONGEST_HEADER = 4096  # of an .npy file; that of eight axes has 128
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_samples(paths: Sequence[Path]) -> list[dict[str, Array]]:
    """Read a sample from each file. Raise ConfigurationError where one holds other names than the first, or other axes.

    Sizes may differ: of what is free, each sample has its own.
    """
    samples = [read_arrays(path) for path in paths]
    for path, sample in zip(paths, samples, strict=True):
        if _axes(sample) != _axes(samples[0]):
            found, first = ({name: array.shape for name, array in one.items()} for one in (sample, samples[0]))
            raise ConfigurationError(f"{path}: holds {found}, but {paths[0]} {first}; each file is one sample")
    return samples


def _axes(sample: dict[str, Array]) -> dict[str, int]:
    return {name: array.ndim for name, array in sample.items()}


def require_pairs(inputs: Sequence[Path], reference: Sequence[Path]) -> None:
    """Raise ConfigurationError unless there is one reference for each of the inputs."""
    if len(inputs) != len(reference):
        raise ConfigurationError(
            f"{len(inputs)} --inputs and {len(reference)} --reference: give one for each, in order"
        )


def read_arrays(path: Path) -> dict[str, Array]:
    """Read the arrays of an .npz file by name. Raise ConfigurationError for another file, for objects, or for none."""
    try:
        with _opened(path) as file, zipfile.ZipFile(file) as archive:
            _require_size(path, archive)
            arrays = {_name(member): _read_array(archive, member) for member in archive.infolist()}
    except UNREADABLE as error:
        raise ConfigurationError(f"{path}: not a readable .npz of plain arrays: {error}") from None
    if not arrays:
        raise ConfigurationError(f"{path}: holds no arrays")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ConfigurationError(f"{path}: {name}: {array.dtype} is neither a number nor a boolean")
    return arrays


def _opened(path: Path) -> IO[bytes]:
    """Open a regular file. Raise ValueError for a pipe or a device, of which nobody knows when they end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("this is no regular file")
    return open(descriptor, "rb")


def _require_size(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise ConfigurationError where the arrays, unpacked, are larger than a sample may be."""
    total = sum(member.file_size for member in archive.infolist())
    if total > MOST_BYTES:
        raise ConfigurationError(f"{path}: holds {total:,} bytes; a sample may have {MOST_BYTES:,}")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    with archive.open(member) as file:
        return _read_npy(file, member.filename)


def _read_npy(file: IO[bytes], name: str) -> Array:
    """Read an opened .npy file. Raise ValueError for objects, and where it declares another size than it has."""
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{name}: version {version} of the format is not known")
    try:
        shape, fortran, dtype = HEADERS[version](file, max_header_size=LONGEST_HEADER)
    except (TokenError, MemoryError, RecursionError) as error:  # of Python's own parser, which numpy asks
        raise ValueError(f"{name}: this header cannot be parsed: {error}") from None
    if dtype.hasobject:
        raise ValueError(f"{name}: holds Python objects, which are never unpickled")
    data = file.read()
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name}: holds {len(data)} bytes, but declares {dtype}{list(shape)}")
    array: Array = np.frombuffer(bytearray(data), dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return array
