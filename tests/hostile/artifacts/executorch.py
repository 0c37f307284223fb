"""Hostile .pte files: programs whose tables, sizes and segments are not what the header says."""

from __future__ import annotations

import functools
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import ROWS, WEIGHTS

ENTRY = "model.pte"
EXTENDED = 8  # where the extended header begins: magic, its length, program size, segments' offset


def honest(out: Path, aim: Aim) -> None:
    (out / ENTRY).write_bytes(program())


@functools.cache
def program() -> bytes:
    """y = x @ W, as ExecuTorch writes it with portable kernels."""
    import torch
    from executorch.exir import to_edge_transform_and_lower

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.Parameter(torch.tensor(WEIGHTS))

        def forward(self, x: Any) -> Any:
            return x @ self.weights

    exported = torch.export.export(Model().eval(), (torch.ones(1, ROWS),))
    return bytes(to_edge_transform_and_lower(exported).to_executorch().buffer)


def patched(out: Path, patch: Callable[[bytearray], Any]) -> None:
    data = bytearray(program())
    (out / ENTRY).write_bytes(patch(data) or data)


def flipped(out: Path, seed: int, bits: int, begin: int = 0) -> None:
    drawn = random.Random(seed)

    def flip(data: bytearray) -> None:
        for _ in range(bits):
            data[drawn.randrange(begin, len(data))] ^= 1 << drawn.randrange(8)

    patched(out, flip)


@hostile("a file cut in half")
def is_cut(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data[: len(data) // 2])


@hostile("a file cut in its header")
def is_cut_in_its_header(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data[:20])


@hostile("200 flipped bits")
def is_flipped(out: Path, aim: Aim) -> None:
    flipped(out, seed=6, bits=200)


@hostile("40 flipped bits behind the header")
def is_flipped_behind_its_header(out: Path, aim: Aim) -> None:
    flipped(out, seed=7, bits=40, begin=64)


@hostile("a program of 16 EiB, by its header")
def program_is_giant(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(EXTENDED + 8, EXTENDED + 16), struct.pack("<Q", (1 << 64) - 1)))


@hostile("segments at 8 EiB, by its header")
def segments_are_far_away(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(EXTENDED + 16, EXTENDED + 24), struct.pack("<Q", 1 << 63)))


@hostile("a root offset beyond the file")
def root_beyond_the_file(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(0, 4), struct.pack("<I", 0x7FFFFFF0)))


@hostile("an extended header of 4 GiB", outcomes=HARMLESS)
def header_is_giant(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(EXTENDED + 4, EXTENDED + 8), struct.pack("<I", 0xFFFFFFFF)))


@hostile("offsets turned around in the first kilobyte")
def offsets_turned(out: Path, aim: Aim) -> None:
    def turn(data: bytearray) -> None:
        for at in range(64, min(len(data) - 4, 1024), 4):
            data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF - struct.unpack_from("<I", data, at)[0])

    patched(out, turn)


@hostile("an operator under another name: aten::mm becomes aten::xx")
def operator_is_renamed(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.replace(b"aten::mm", b"aten::\x1b["))


@hostile("the honest file with 64 MiB behind it", outcomes=HARMLESS)
def has_a_tail(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data + bytes(64 << 20))
