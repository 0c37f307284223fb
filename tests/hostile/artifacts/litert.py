"""Hostile TFLite: flatbuffers with broken offsets, operators that nobody has, tensors that nobody can hold."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import COLUMNS, ROWS, WEIGHTS

ENTRY = "model.tflite"


def honest(out: Path, aim: Aim) -> None:
    (out / ENTRY).write_bytes(converted(lambda tf, y: y))


def converted(then: Callable[[Any, Any], Any], select: bool = False) -> bytes:
    """y = then(x @ W), as TensorFlow's converter writes it. select: with TensorFlow's own operators."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, ROWS], tf.float32, name="x")])
        def serve(self, x: Any) -> dict[str, Any]:
            return {"y": tf.ensure_shape(then(tf, tf.matmul(x, tf.constant(WEIGHTS))), [1, COLUMNS])}

    model = Model()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([model.serve.get_concrete_function()], model)
    if select:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    made: bytes = converter.convert()
    return made


def changed(out: Path, change: Callable[[Any], None]) -> None:
    """The honest file, with its tables changed."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(converted(lambda tf, y: y), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    (out / ENTRY).write_bytes(bytes(builder.Output()))


def patched(out: Path, patch: Callable[[bytearray], Any]) -> None:
    """The honest file, with its bytes changed."""
    data = bytearray(converted(lambda tf, y: y))
    (out / ENTRY).write_bytes(patch(data) or data)


def flipped(out: Path, seed: int, bits: int) -> None:
    drawn = random.Random(seed)

    def flip(data: bytearray) -> None:
        for _ in range(bits):
            data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)

    patched(out, flip)


@hostile("a root offset beyond the file")
def root_beyond_the_file(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(0, 4), struct.pack("<I", 0x7FFFFFF0)))


@hostile("a root offset into the header itself")
def root_in_the_header(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data.__setitem__(slice(0, 4), struct.pack("<I", 1)))


@hostile("every offset turned around")
def offsets_turned(out: Path, aim: Aim) -> None:
    root = 8

    def turn(data: bytearray) -> None:
        for at in range(root, min(len(data) - 4, 160), 4):
            data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF - struct.unpack_from("<I", data, at)[0])

    patched(out, turn)


@hostile("200 flipped bits")
def is_flipped(out: Path, aim: Aim) -> None:
    flipped(out, seed=3, bits=200)


@hostile("20 flipped bits")
def is_flipped_a_little(out: Path, aim: Aim) -> None:
    flipped(out, seed=4, bits=20)


@hostile("a file cut in half")
def is_cut(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data[: len(data) // 2])


@hostile("nothing but the identifier")
def is_only_a_name(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data[:8])


@hostile("a tensor of 2^60 bytes")
def huge_tensor(out: Path, aim: Aim) -> None:
    changed(out, lambda model: [setattr(t, "shape", [1 << 30, 1 << 28]) for t in model.subgraphs[0].tensors])


@hostile("tensors of negative size")
def negative_tensor(out: Path, aim: Aim) -> None:
    changed(out, lambda model: [setattr(t, "shape", [-4, -3]) for t in model.subgraphs[0].tensors])


@hostile("tensors in buffers that are not there")
def buffers_beyond_the_list(out: Path, aim: Aim) -> None:
    changed(out, lambda model: [setattr(t, "buffer", 0x7FFFFFFF) for t in model.subgraphs[0].tensors])


@hostile("operators on tensors that are not there")
def tensors_beyond_the_list(out: Path, aim: Aim) -> None:
    changed(out, lambda model: [setattr(o, "inputs", [9999, -7, 1 << 30]) for o in model.subgraphs[0].operators])


@hostile("a custom operator that nobody has")
def custom_operator(out: Path, aim: Aim) -> None:
    def change(model: Any) -> None:
        code = model.operatorCodes[0]
        code.builtinCode, code.deprecatedBuiltinCode, code.customCode = 32, 32, b"\x1b[2JEvil\xed\xb3\xbf"

    changed(out, change)


@hostile("an operator of TensorFlow that reads a host file")
def flex_operator(out: Path, aim: Aim) -> None:
    def read(tf: Any, y: Any) -> Any:
        nothing = tf.strings.substr(tf.strings.as_string(y[0, 0]), 0, 0)  # of the input, else the converter reads it
        length = tf.strings.length(tf.io.read_file(str(aim.secret) + nothing))
        return y + tf.minimum(tf.cast(length, tf.float32), 0.0)

    (out / ENTRY).write_bytes(converted(read, select=True))


@hostile("a loop without an end")
def loops(out: Path, aim: Aim) -> None:
    def loop(tf: Any, y: Any) -> Any:
        return tf.while_loop(lambda v: tf.reduce_sum(v) < 1e30, lambda v: (v * 0.0 + y * 0.0,), (y,))[0] + y

    (out / ENTRY).write_bytes(converted(loop))


@hostile("subgraphs that call each other for ever")
def calls_itself(out: Path, aim: Aim) -> None:
    def change(model: Any) -> None:
        for graph in model.subgraphs:
            for operator in graph.operators:
                for options in filter(None, [operator.builtinOptions]):
                    for name in ("condSubgraphIndex", "bodySubgraphIndex"):
                        if hasattr(options, name):
                            setattr(options, name, 0)

    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    def loop(tf: Any, y: Any) -> Any:
        return tf.while_loop(lambda v: tf.reduce_sum(v) < 10, lambda v: (v + 1,), (y,))[0]

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(converted(loop), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    (out / ENTRY).write_bytes(bytes(builder.Output()))


@hostile("the honest file with 64 MiB behind it", outcomes=HARMLESS)
def has_a_tail(out: Path, aim: Aim) -> None:
    patched(out, lambda data: data + bytes(64 << 20))
