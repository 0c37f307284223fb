"""Hostile ONNX: external data that is somebody else's, graphs that never end, names that are not names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import COLUMNS, ROWS, WEIGHTS

ENTRY = "model.onnx"
DATA_BYTES = ROWS * COLUMNS * 4


def honest(out: Path, aim: Aim) -> None:
    write(out, model([matmul()]))


def matmul(to: str = "y") -> Any:
    from onnx import helper

    return helper.make_node("MatMul", ["x", "W"], [to], name="multiply")


def model(nodes: list[Any], *, weights: Any = None, output: str = "y", x: Any = (1, ROWS), extra: Any = ()) -> Any:
    """A model of one input x, the initializer W and one output."""
    from onnx import TensorProto, helper

    inner = [value for row in WEIGHTS for value in row]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, (1, COLUMNS))],
        [weights or helper.make_tensor("W", TensorProto.FLOAT, (ROWS, COLUMNS), inner), *extra],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write(out: Path, made: Any) -> None:
    (out / ENTRY).write_bytes(made.SerializeToString())


def external(location: str, offset: int | None = 0, length: int | None = DATA_BYTES) -> Any:
    """W as external data at a location."""
    from onnx import TensorProto

    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[ROWS, COLUMNS])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length}.items():
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def initializer(name: str, values: list[int]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(op, inputs, outputs, **attributes)


@hostile("external data at /etc/passwd")
def data_is_passwd(out: Path, aim: Aim) -> None:
    write(out, model([matmul()], weights=external("/etc/passwd")))


@hostile("external data at an absolute host path")
def data_is_absolute(out: Path, aim: Aim) -> None:
    write(out, model([matmul()], weights=external(str(aim.secret))))


@hostile("external data above its own folder")
def data_climbs(out: Path, aim: Aim) -> None:
    write(out, model([matmul()], weights=external("../" * 24 + str(aim.secret).lstrip("/"))))


@hostile("external data through a folder that is a link to the host")
def data_through_a_link(out: Path, aim: Aim) -> None:
    (out / "inner").symlink_to(aim.secret.parent)
    write(out, model([matmul()], weights=external(f"inner/{aim.secret.name}")))


@hostile("external data in a file that is a link to a host file")
def data_is_a_link(out: Path, aim: Aim) -> None:
    (out / "weights.bin").symlink_to(aim.secret)
    write(out, model([matmul()], weights=external("weights.bin")))


@hostile("external data in a named pipe")
def data_is_a_pipe(out: Path, aim: Aim) -> None:
    os.mkfifo(out / "weights.bin")
    write(out, model([matmul()], weights=external("weights.bin")))


@hostile("external data at an offset of 8 EiB")
def data_far_away(out: Path, aim: Aim) -> None:
    (out / "weights.bin").write_bytes(bytes(DATA_BYTES))
    write(out, model([matmul()], weights=external("weights.bin", offset=(1 << 63) - 64)))


@hostile("external data at a negative offset, of negative length")
def data_before_its_file(out: Path, aim: Aim) -> None:
    (out / "weights.bin").write_bytes(bytes(DATA_BYTES))
    write(out, model([matmul()], weights=external("weights.bin", offset=-4096, length=-1)))


@hostile("external data in /proc/self/mem")
def data_is_memory(out: Path, aim: Aim) -> None:
    write(out, model([matmul()], weights=external("/proc/self/mem", offset=4096)))


@hostile("external data in the samples of other cells")
def data_is_a_sample(out: Path, aim: Aim) -> None:
    write(out, model([matmul()], weights=external("../../../samples")))


@hostile("a context of an execution provider, read from a host file")
def context_is_a_host_file(out: Path, aim: Aim) -> None:
    from onnx import helper

    made = model(
        [node("EPContext", ["x"], ["y"], ep_cache_context=str(aim.secret), embed_mode=0, domain="com.microsoft")]
    )
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    write(out, made)


@hostile("an initializer of 2^60 values")
def huge_initializer(out: Path, aim: Aim) -> None:
    made = model([matmul()])
    made.graph.initializer[0].dims[:] = [1 << 30, 1 << 30]
    write(out, made)


@hostile("a constant of 1 TiB")
def huge_constant(out: Path, aim: Aim) -> None:
    nodes = [node("ConstantOfShape", ["size"], ["c"]), node("ReduceSum", ["c"], ["s"], keepdims=0), matmul("m")]
    write(out, model([*nodes, node("Add", ["m", "s"], ["y"])], extra=[initializer("size", [1 << 38])]))


@hostile("a loop of 2^62 turns")
def loops(out: Path, aim: Aim) -> None:
    from onnx import TensorProto, helper

    body = helper.make_graph(
        [node("Identity", ["going"], ["still"]), node("Identity", ["v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, None),
        ],
    )
    turns = helper.make_tensor("turns", TensorProto.INT64, [], [1 << 62])
    begin = helper.make_tensor("begin", TensorProto.BOOL, [], [True])
    write(out, model([matmul("m"), node("Loop", ["turns", "begin", "m"], ["y"], body=body)], extra=[turns, begin]))


@hostile("a graph that is its own input")
def is_cyclic(out: Path, aim: Aim) -> None:
    write(
        out, model([node("Add", ["x", "b"], ["a"]), node("Add", ["x", "a"], ["b"]), node("MatMul", ["b", "W"], ["y"])])
    )


@hostile("400 graphs, each within the other")
def nests(out: Path, aim: Aim) -> None:
    from onnx import TensorProto, helper

    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    inner = helper.make_graph([matmul()], "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    graph = inner.SerializeToString()
    for _ in range(400):
        graph = branching(graph)
    write(out, model([], extra=[yes]))
    with (out / ENTRY).open("ab") as file:  # a message that comes twice is merged: these are the graph's nodes
        file.write(field(7, graph))


def branching(graph: bytes) -> bytes:
    """A graph of one `If` with the graph in both branches, in protobuf's own bytes: its parser has a limit of depth."""
    branches = b"".join(
        field(5, field(1, name) + field(6, inner) + b"\xa0\x01\x05")
        for name, inner in ((b"then_branch", graph), (b"else_branch", field(1, identity()) + field(12, field(1, b"y"))))
    )
    return field(1, field(1, b"yes") + field(2, b"y") + field(4, b"If") + branches) + field(12, field(1, b"y"))


def identity() -> bytes:
    return field(1, b"x") + field(2, b"y") + field(4, b"Identity")


def field(number: int, payload: bytes) -> bytes:
    """A field of a message that is length-delimited."""
    size, length = len(payload), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + payload


@hostile("an operator of nobody's domain")
def custom_operator(out: Path, aim: Aim) -> None:
    write(out, model([node("Evil", ["x"], ["y"], domain="evil.example")]))


@hostile("a function that calls itself")
def function_calls_itself(out: Path, aim: Aim) -> None:
    from onnx import helper

    made = model([node("F", ["x"], ["y"], domain="own")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    made.functions.append(
        helper.make_function("own", "F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="own")], opsets)
    )
    made.opset_import.append(helper.make_opsetid("own", 1))
    write(out, made)


@hostile("weights whose dims do not fit their bytes")
def wrong_dims(out: Path, aim: Aim) -> None:
    made = model([matmul()])
    made.graph.initializer[0].dims[:] = [ROWS, COLUMNS + 5]
    write(out, made)


@hostile("negative dims")
def negative_dims(out: Path, aim: Aim) -> None:
    made = model([matmul()])
    made.graph.initializer[0].dims[:] = [-ROWS, -COLUMNS]
    write(out, made)


@hostile("an output named ../../../../planted")
def output_climbs(out: Path, aim: Aim) -> None:
    name = f"../../../../../../..{aim.write}/onnx"
    write(out, model([matmul(name)], output=name))


@hostile("an output named in control characters and terminal escapes")
def output_escapes(out: Path, aim: Aim) -> None:
    name = "\x1b]0;owned\x07\x1b[2J\r\n::error::<script>alert(1)</script>\x00"
    write(out, model([matmul(name)], output=name))


@hostile("an output named in bytes that are no UTF-8: a lone surrogate")
def output_is_no_text(out: Path, aim: Aim) -> None:
    write(out, model([matmul("SURR")], output="SURR"))
    (out / ENTRY).write_bytes((out / ENTRY).read_bytes().replace(b"SURR", b"\xed\xb3\xbf\xff"))


@hostile("an output name of 10 MB")
def output_is_long(out: Path, aim: Aim) -> None:
    name = "n" * 10_000_000
    write(out, model([matmul(name)], output=name))


@hostile("20,000 nodes in a row", outcomes=HARMLESS)
def is_long(out: Path, aim: Aim) -> None:
    chain = [node("Identity", [f"v{i}"], [f"v{i + 1}"]) for i in range(20_000)]
    write(out, model([matmul("v0"), *chain, node("Identity", ["v20000"], ["y"])]))


@hostile("a file cut in half")
def is_cut(out: Path, aim: Aim) -> None:
    honest(out, aim)
    data = (out / ENTRY).read_bytes()
    (out / ENTRY).write_bytes(data[: len(data) // 2])
