"""Files named .npy that are something else; the answer in them is the right one wherever there is one."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable
from typing import Any

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs

MAGIC = b"\x93NUMPY"


def leaving(attack: Attack, outputs: Outputs, make: Callable[[Any], bytes]) -> Outputs:
    """The outputs, whose files are replaced by what `make` makes of each, at the child's end."""

    def replace() -> None:
        import numpy as np

        for path in attack.out.rglob("*.npy"):
            path.write_bytes(make(np.load(path)))

    attack.at_end(replace)
    return outputs


def headed(header: str | bytes, data: bytes, version: bytes = b"\1\0") -> bytes:
    text = header.encode() if isinstance(header, str) else header
    return MAGIC + version + struct.pack("<H" if version == b"\1\0" else "<I", len(text)) + text + data


def described(array: Any, descr: str = "'<f4'", order: str = "False", shape: str | None = None) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape or array.shape}, }}\n"
    return headed(header, array.tobytes())


@hostile("an array that is a pickle")
def is_a_pickle(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: evil(attack))


@hostile("an array of objects, with a pickle behind the header")
def holds_a_pickle(attack: Attack, outputs: Outputs) -> Outputs:
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (1, 3), }\n"
    return leaving(attack, outputs, lambda array: headed(header, evil(attack)))


def evil(attack: Attack) -> bytes:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"id > {attack.aim['write']}/npy-pickle",)

    return pickle.dumps(Evil(), protocol=2)


@hostile("the order of Fortran", outcomes=HARMLESS)
def is_fortran(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, order="True"))


@hostile("fewer bytes than the header says")
def is_short(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array)[:-4])


@hostile("more bytes than the header says", outcomes=HARMLESS)
def is_long(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array) + bytes(4096))


@hostile("a header of 64 MiB")
def header_is_giant(attack: Attack, outputs: Outputs) -> Outputs:
    spaces = b" " * (64 << 20)
    return leaving(attack, outputs, lambda a: headed(b"{'descr': '<f4'" + spaces + b"}\n", a.tobytes(), b"\2\0"))


@hostile("a header that says it has 4 GiB")
def header_is_promised(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: MAGIC + b"\2\0" + struct.pack("<I", 0xFFFFFFFF) + b"{}")


@hostile("a header of 5,000 brackets")
def header_is_deep(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: headed("[" * 5000 + "]" * 5000 + "\n", array.tobytes()))


@hostile("a header that is code")
def header_is_code(attack: Attack, outputs: Outputs) -> Outputs:
    code = f"__import__('os').system('id > {attack.aim['write']}/npy-code')\n"
    return leaving(attack, outputs, lambda array: headed(code, array.tobytes()))


@hostile("a header that lacks its shape")
def header_lacks_keys(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: headed("{'descr': '<f4'}\n", array.tobytes()))


@hostile("the header of Python 2", outcomes=HARMLESS)
def header_is_old(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape="(1L, 3L)"))


@hostile("a header that is no text")
def header_is_no_text(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: headed(b"\xff\xfe\xed\xb3\xbf\n", array.tobytes(), b"\3\0"))


@hostile("a version that does not exist")
def version_is_unknown(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: headed("{}\n", array.tobytes(), b"\x09\x09"))


@hostile("another dtype than declared")
def dtype_is_another(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array.astype("<f8"), descr="'<f8'"))


@hostile("a dtype of records")
def dtype_is_a_record(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, descr="[('a', '<f4'), ('b', 'O')]"))


@hostile("a dtype that does not exist")
def dtype_is_nonsense(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, descr="'<q999999999999'"))


@hostile("numbers whose bytes are turned around", outcomes=HARMLESS)
def is_big_endian(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array.astype(">f4"), descr="'>f4'"))


@hostile("a negative shape")
def shape_is_negative(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape="(-1, -3)"))


@hostile("a shape of 2^62 values")
def shape_is_giant(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape="(4611686018427387904,)"))


@hostile("a shape whose product overflows to what it should be")
def shape_overflows(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape="(4294967296, 4294967296, 1, 3)"))


@hostile("a shape of truth values and fractions")
def shape_is_no_numbers(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape="(True, 3.0)"))


@hostile("a shape of 10,000 axes")
def shape_is_long(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array, shape=f"({'1, ' * 10_000}3)"))


@hostile("an empty file")
def is_empty(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: b"")


@hostile("a zip that says it is an array")
def is_a_zip(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: b"PK\x03\x04" + bytes(100))


@hostile("what no number is, in every place")
def is_not_finite(attack: Attack, outputs: Outputs) -> Outputs:
    return leaving(attack, outputs, lambda array: described(array * float("nan")))
