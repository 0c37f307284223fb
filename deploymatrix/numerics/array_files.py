"""The strict reader of .npz and .safetensors files: plain arrays, no pickles, and never more than they may hold.

The formats: a zip of .npy files, and https://huggingface.co/docs/safetensors, of which this reads what numpy has a
dtype for. A library would bring native code to the host for sixty lines.
"""

from __future__ import annotations

import json
import math
import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, TypeGuard

import numpy as np

from .npy import MalformedArray, header_of
from .tensors import Array

MOST_BYTES = 1 << 31  # of a file's arrays, unpacked: a zip of a few MB can hold thousands of times as much
MOST_ARRAYS = 10_000
MOST_HEADER = 1 << 24  # bytes, of a .safetensors file
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1  # a zip member's flag
DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "|b1"},
    **{"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1"},
}
Arrays = dict[str, Array]


def read_arrays(path: Path) -> Arrays:
    """Read a file's arrays by name, in C order. Raise MalformedArray, whose message names the array; OSError."""
    with _opened(path) as file:
        if path.suffix == ".npz":
            return _npz(file)
        if path.suffix == ".safetensors":
            return _safetensors(file)
    raise MalformedArray("it is neither .npz nor .safetensors")


def _opened(path: Path) -> IO[bytes]:
    """Open a regular file, also through a link, which data sets often are, and without waiting for a pipe's writer."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise MalformedArray("it is no regular file")
    return os.fdopen(fd, "rb")


def _npz(file: IO[bytes]) -> Arrays:
    found: Arrays = {}
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _require_few(len(members), sum(member.file_size for member in members))
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name in found:
                    raise MalformedArray(f"{name} is in it twice")
                found[name] = _member(archive, member, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise MalformedArray(f"it is no zip of arrays, or a damaged one: {error}") from None
    return found


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Array:
    if member.flag_bits & ENCRYPTED or member.compress_type not in PACKED:
        raise MalformedArray(f"{name}: it is encrypted, or packed otherwise than numpy does")
    with archive.open(member) as file:
        try:
            header = header_of(file)
        except MalformedArray as error:
            raise MalformedArray(f"{name}: {error}; arrays hold numbers and booleans, never objects") from None
        data = file.read(min(header.bytes, MOST_BYTES) + 1)
    if len(data) != header.bytes:
        raise MalformedArray(f"{name}: {len(data)} bytes of values, where its header says {header.bytes}")
    array = np.frombuffer(data, dtype=header.dtype).reshape(header.shape, order="F" if header.is_fortran else "C")
    return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("=")).reshape(header.shape)


def _safetensors(file: IO[bytes]) -> Arrays:
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(MOST_HEADER, size - 8):
        raise MalformedArray("it is no .safetensors file: its header is longer than it")
    tensors = _header(file.read(length))
    tensors.pop("__metadata__", None)
    _require_few(len(tensors), size)
    data = file.read()
    found, end = {}, 0
    for name, tensor in sorted(tensors.items(), key=lambda item: _place(*item)):
        start, stop = _place(name, tensor)
        if start != end:
            raise MalformedArray(f"{name}: its values overlap others, or leave a hole")
        found[name], end = _tensor(name, tensor, data[start:stop]), stop
    if end != len(data):
        raise MalformedArray(f"{len(data)} bytes of values, where its header says {end}")
    return found


def _header(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise MalformedArray(f"it is no .safetensors file: {str(error)[:120]}") from None
    if not isinstance(found, dict):
        raise MalformedArray("it is no .safetensors file: its header is no object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in its header twice")
    return found


def _place(name: str, tensor: Any) -> tuple[int, int]:
    place = tensor.get("data_offsets") if isinstance(tensor, dict) else None
    if not _lengths(place) or len(place) != 2 or place[0] > place[1]:
        raise MalformedArray(f"{name}: its header does not say where its values are")
    return place[0], place[1]


def _tensor(name: str, tensor: dict[str, Any], data: bytes) -> Array:
    dtype, shape = tensor.get("dtype"), tensor.get("shape")
    if dtype not in DTYPES:
        raise MalformedArray(f"{name}: {str(dtype)[:40]} is no dtype of numpy; save it as F32")
    if not _lengths(shape) or len(shape) > 32 or math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize != len(data):
        raise MalformedArray(f"{name}: {len(data)} bytes of values do not make {dtype} of shape {str(shape)[:80]}")
    if dtype == "BOOL" and data.strip(b"\0\1"):
        raise MalformedArray(f"{name}: a value that is neither true nor false")
    array = np.frombuffer(data, dtype=DTYPES[dtype]).reshape(shape)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(shape)


def _lengths(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 48 for size in value)


def _require_few(arrays: int, size: int) -> None:
    if not arrays:
        raise MalformedArray("it holds no arrays")
    if arrays > MOST_ARRAYS or size > MOST_BYTES:
        raise MalformedArray(f"{arrays:,} arrays of {size:,} bytes; {MOST_ARRAYS:,} of {MOST_BYTES:,} are allowed")
