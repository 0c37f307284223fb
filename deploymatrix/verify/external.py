"""The files beside an artifact that it refers to: ONNX keeps large weights in files of any name.

The engine does not parse artifacts. It looks for the bytes with which each such reference begins: an entry of
TensorProto.external_data whose key is "location", written as protocol buffers are:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. A reference in another form is not found; the runtime then says
which file it lacks. Metadata of that name has another field's number.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from deploymatrix.errors import ConfigurationError

SIZE = rb"([\x01-\x7f]|[\x80-\xff][\x01-\x1f])"  # up to 4095
LOCATION = re.compile(rb"\x6a" + SIZE + rb"\x0a\x08location\x12" + SIZE, re.DOTALL)  # 0x6a: field 13, external_data
MOST = 10_000  # different files of one artifact


def referred(copy: Path, artifact: Path) -> list[str]:
    """Return the files that the copy of an artifact refers to, each once, relative to its folder.

    Raise ConfigurationError for one that lies elsewhere, and for too many.
    """
    found: dict[str, None] = {}
    for location in _locations(copy):
        found[_inside(artifact, location)] = None
        if len(found) > MOST:
            raise ConfigurationError(f"{artifact}: refers to more than {MOST} files: this is no artifact")
    return [*found]


def _locations(copy: Path) -> Iterator[bytes]:
    if copy.stat().st_size == 0:
        return  # an empty file cannot be mapped
    with copy.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for match in LOCATION.finditer(content):
            end = match.end() + _size(match[2])
            if match.end(1) + _size(match[1]) == end:  # or else it is something that merely looks so
                yield content[match.end() : end]


def _size(encoded: bytes) -> int:
    """Return the number that one or two bytes encode."""
    return encoded[0] & 0x7F | (encoded[1] << 7 if len(encoded) == 2 else 0)


def _inside(artifact: Path, location: bytes) -> str:
    """Return the path "folder/file". Raise ConfigurationError for one that leaves the artifact's folder."""
    try:
        text = location.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{artifact}: refers to {location!r}, which is not UTF-8") from None
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or "\\" in text or "\0" in text or not parts:
        raise ConfigurationError(
            f"{artifact}: refers to {text!r}, which is not inside its own folder; put the file there and save the "
            "artifact with that name"
        )
    return "/".join(parts)
