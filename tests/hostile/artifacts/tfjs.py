"""Hostile TF.js models: weights that are elsewhere, shapes that are giant, names that are JavaScript's own."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import COLUMNS, ROWS, WEIGHTS

ENTRY = "tfjs_model"
SHARD = "group1-shard1of1.bin"


def honest(out: Path, aim: Aim) -> None:
    write(out, model())


def model(paths: list[str] | None = None, output: str = "y", nodes: list[Any] | None = None) -> dict[str, Any]:
    """A graph model of y = x @ W."""
    return {
        "format": "graph-model",
        "modelTopology": {"node": nodes or [placeholder(), weights(), multiply()], "versions": {"producer": 1}},
        "weightsManifest": [
            {"paths": paths or [SHARD], "weights": [{"name": "W", "shape": [ROWS, COLUMNS], "dtype": "float32"}]}
        ],
        "signature": {"inputs": {"x": described("x", [1, ROWS])}, "outputs": {output: described("y", [1, COLUMNS])}},
    }


def described(name: str, shape: list[int]) -> dict[str, Any]:
    return {"name": f"{name}:0", "dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": str(size)} for size in shape]}}


def placeholder() -> dict[str, Any]:
    shape = {"dim": [{"size": "1"}, {"size": str(ROWS)}]}
    return {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": shape}}}


def weights() -> dict[str, Any]:
    shape = {"dim": [{"size": str(ROWS)}, {"size": str(COLUMNS)}]}
    value = {"tensor": {"dtype": "DT_FLOAT", "tensorShape": shape}}
    return {"name": "W", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}, "value": value}}


def multiply(left: str = "x") -> dict[str, Any]:
    attributes = {"T": {"type": "DT_FLOAT"}, "transpose_a": {"b": False}, "transpose_b": {"b": False}}
    return {"name": "y", "op": "MatMul", "input": [left, "W"], "attr": attributes}


def write(out: Path, made: dict[str, Any] | str) -> Path:
    folder = out / ENTRY
    folder.mkdir()
    (folder / "model.json").write_text(made if isinstance(made, str) else json.dumps(made))
    (folder / SHARD).write_bytes(struct.pack(f"<{ROWS * COLUMNS}f", *(value for row in WEIGHTS for value in row)))
    return folder


@hostile("weights above its folder", outcomes=("load_failed",))  # a mismatch would say that it read them
def weights_climb(out: Path, aim: Aim) -> None:
    write(out, model(["../" * 24 + str(aim.secret).lstrip("/"), SHARD]))


@hostile("weights of a host file by a path that is absolute")
def weights_are_absolute(out: Path, aim: Aim) -> None:
    write(out, model([str(aim.secret), SHARD]))


@hostile("weights at a URL of the network")
def weights_are_remote(out: Path, aim: Aim) -> None:
    write(out, model(["http://127.0.0.1:9/weights.bin"]))


@hostile("weights at a file: URL")
def weights_are_a_file_url(out: Path, aim: Aim) -> None:
    write(out, model([f"file://{aim.secret}"]))


@hostile("weights that are a link to a host file")
def weights_are_a_link(out: Path, aim: Aim) -> None:
    folder = write(out, model())
    (folder / SHARD).unlink()
    (folder / SHARD).symlink_to(aim.secret)


@hostile("weights that are a named pipe")
def weights_are_a_pipe(out: Path, aim: Aim) -> None:
    folder = write(out, model())
    (folder / SHARD).unlink()
    os.mkfifo(folder / SHARD)


@hostile("weights from /dev/zero")
def weights_never_end(out: Path, aim: Aim) -> None:
    write(out, model(["../" * 24 + "dev/zero"]))


@hostile("weights of 2^60 bytes")
def weights_are_giant(out: Path, aim: Aim) -> None:
    made = model()
    made["weightsManifest"][0]["weights"][0]["shape"] = [1 << 30, 1 << 28]
    write(out, made)


@hostile("fills 2^40 values")
def fills(out: Path, aim: Aim) -> None:
    constant = {"tensor": {"dtype": "DT_INT32", "tensorShape": {"dim": [{"size": "2"}]}}}
    made = model(nodes=[placeholder(), weights(), {**node("dims", "Const"), "attr": {"value": constant}}, multiply()])
    made["modelTopology"]["node"] += [node("huge", "Fill", "dims", "x"), node("z", "AddV2", "y", "huge")]
    made["weightsManifest"][0]["weights"].append(
        {"name": "dims", "shape": [2], "dtype": "int32", "quantization": {"dtype": "uint8", "scale": 1 << 20, "min": 0}}
    )
    made["signature"]["outputs"]["y"]["name"] = "z:0"
    folder = write(out, made)
    (folder / SHARD).write_bytes((folder / SHARD).read_bytes() + b"\1\1")


@hostile("an output named __proto__")
def output_is_proto(out: Path, aim: Aim) -> None:
    text = json.dumps(model(output="OUTPUT")).replace('"OUTPUT"', '"__proto__"')
    write(out, text)


@hostile("a topology that pollutes Object.prototype", outcomes=HARMLESS)
def pollutes(out: Path, aim: Aim) -> None:
    polluted = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "format"'
    write(out, json.dumps(model()).replace('{"format"', polluted, 1))


@hostile("an output named ../../planted, in control characters")
def output_climbs(out: Path, aim: Aim) -> None:
    write(out, model(output=f"../../../../../..{aim.write}/tfjs\x1b[2J\x00"))


@hostile("an output named by a lone surrogate")
def output_is_no_text(out: Path, aim: Aim) -> None:
    write(out, json.dumps(model(output="SURR")).replace("SURR", "\\udcff"))


@hostile("JSON of 100,000 brackets")
def nests(out: Path, aim: Aim) -> None:
    write(out, "[" * 100_000)


@hostile("a graph that is its own input")
def is_cyclic(out: Path, aim: Aim) -> None:
    write(
        out,
        model(
            nodes=[placeholder(), weights(), node("a", "AddV2", "x", "b"), node("b", "AddV2", "x", "a"), multiply("b")]
        ),
    )


@hostile("operators that nobody has")
def custom_operator(out: Path, aim: Aim) -> None:
    write(out, model(nodes=[placeholder(), weights(), node("y", "\x1b[2JEvil", "x", "W")]))


def node(name: str, op: str, *inputs: str) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs), "attr": {"T": {"type": "DT_FLOAT"}}}
