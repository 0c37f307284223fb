"""Files of the safetensors format, written without its library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CODES = {"float64": "F64", "float32": "F32", "float16": "F16", "bool": "BOOL"}
CODES |= {f"{sign}int{bits}": f"{sign.upper() or 'I'}{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def safetensors_bytes(arrays: Mapping[str, Any]) -> bytes:
    """A file that holds the arrays by name, as safetensors.numpy.save() writes them."""
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    data = b""
    for name, array in arrays.items():
        place = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": CODES[array.dtype.name], "shape": list(array.shape), "data_offsets": place}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data
