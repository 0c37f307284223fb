"""Hostile SavedModels: graphs with operators that read and write files, folders with links out of them."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..declared import HARMLESS, Aim, hostile
from .truth import COLUMNS, ROWS, WEIGHTS

ENTRY = "saved_model"

Then = Callable[[Any, Any], Any]


def honest(out: Path, aim: Aim) -> None:
    save(out, lambda tf, y: y)


def save(out: Path, then: Then, prepare: Callable[[Any, Any], None] = lambda tf, module: None) -> None:
    """A SavedModel of y = then(x @ W). `prepare` may hang things on the module."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = tf.Variable(WEIGHTS)

        @tf.function(input_signature=[tf.TensorSpec([1, ROWS], tf.float32, name="x")])
        def serve(self, x: Any) -> dict[str, Any]:
            return {"y": tf.ensure_shape(then(tf, tf.matmul(x, self.weights)), [1, COLUMNS])}

    module = Model()
    prepare(tf, module)
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})


def after(tf: Any, y: Any, *operations: Any) -> Any:
    with tf.control_dependencies([o for o in operations if o is not None]):
        return tf.identity(y)


@hostile("WriteFile writes a host file", outcomes=HARMLESS)
def writes_host(out: Path, aim: Aim) -> None:
    save(out, lambda tf, y: after(tf, y, tf.io.write_file(str(aim.write / "savedmodel"), "x")))


@hostile("WriteFile writes beside its inputs", outcomes=HARMLESS)
def writes_inputs(out: Path, aim: Aim) -> None:
    save(out, lambda tf, y: after(tf, y, tf.io.write_file("/deploymatrix/artifacts/planted", "x")))


@hostile("ReadFile reads a host file, and prints it", outcomes=HARMLESS)
def reads_host(out: Path, aim: Aim) -> None:
    save(out, lambda tf, y: after(tf, y, tf.print(tf.io.read_file(str(aim.secret)))))


@hostile("MatchingFiles lists artifacts and samples, and ReadFile prints those of other cells", outcomes=HARMLESS)
def reads_siblings(out: Path, aim: Aim) -> None:
    def read(tf: Any, y: Any) -> Any:
        found = tf.io.matching_files(["/deploymatrix/artifacts/*/files/*/*.pb", "/deploymatrix/*/*/*"])
        texts = tf.map_fn(lambda name: tf.strings.regex_replace(tf.io.read_file(name), "[^ -~]", ""), found)
        return after(tf, y, tf.print(found, summarize=-1), tf.print(texts, summarize=-1))

    save(out, read)


@hostile("PrintV2 writes to a host file", outcomes=HARMLESS)
def prints_to_host(out: Path, aim: Aim) -> None:
    target = f"file://{aim.write / 'savedmodel-printed'}"
    save(out, lambda tf, y: after(tf, y, tf.print("x", output_stream=target)))


@hostile("SaveV2 writes a checkpoint on the host", outcomes=HARMLESS)
def checkpoints_to_host(out: Path, aim: Aim) -> None:
    def write(tf: Any, y: Any) -> Any:
        prefix = tf.constant(str(aim.write / "savedmodel-checkpoint"))
        return after(tf, y, tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["y"], shape_and_slices=[""], tensors=[y]))

    save(out, write)


@hostile("a dataset of the lines of a host file, printed", outcomes=HARMLESS)
def reads_lines(out: Path, aim: Aim) -> None:
    def read(tf: Any, y: Any) -> Any:
        lines = tf.data.TextLineDataset(str(aim.secret)).reduce("", lambda all_, line: all_ + line)
        return after(tf, y, tf.print(lines))

    save(out, read)


@hostile("py_function calls Python")
def calls_python(out: Path, aim: Aim) -> None:
    command = f"id > {aim.write / 'py_function'}"
    save(out, lambda tf, y: tf.py_function(lambda v: (os.system(command), v)[1], [y], tf.float32))


@hostile("a while loop without an end")
def loops(out: Path, aim: Aim) -> None:
    def loop(tf: Any, y: Any) -> Any:
        return tf.while_loop(lambda v: tf.reduce_sum(v) < 1e30, lambda v: (v * 0.0 + y * 0.0,), (y,))[0]

    save(out, loop)


@hostile("fills 4 TiB")
def allocates(out: Path, aim: Aim) -> None:
    save(
        out,
        lambda tf, y: y + tf.reduce_sum(tf.fill(tf.cast([1 << 40], tf.int64) + tf.cast(0 * y[0, :1], tf.int64), 0.0)),
    )


@hostile("prints 200 MB", outcomes=HARMLESS)
def floods(out: Path, aim: Aim) -> None:
    def flood(tf: Any, y: Any) -> Any:
        said = tf.while_loop(
            lambda i: i < 200,
            lambda i: (after(tf, i, tf.print(tf.strings.reduce_join(tf.fill([100_000], "flood")))) + 1,),
            (0,),
        )
        return after(tf, y, said[0])

    save(out, flood)


@hostile("a lookup table initialised from a host file")
def asset_outside(out: Path, aim: Aim) -> None:
    honest(out, aim)
    save_with_table(out, aim.secret)


def save_with_table(out: Path, file: Path) -> None:
    """A SavedModel with a table of a file; its copy among the assets is then replaced by a link to the file."""
    shutil.rmtree(out / ENTRY)

    def table(tf: Any, module: Any) -> None:
        rows = tf.lookup.TextFileInitializer(
            str(file), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        module.table = tf.lookup.StaticHashTable(rows, -1)

    save(out, lambda tf, y: y, table)
    for asset in (out / ENTRY / "assets").iterdir():
        asset.unlink()
        asset.symlink_to(file)


@hostile("an asset path that climbs out of the folder")
def asset_climbs(out: Path, aim: Aim) -> None:
    own = out / "lines.txt"
    own.write_text("a\nb\n")
    honest(out, aim)
    save_with_table(out, own)
    own.unlink()
    shutil.rmtree(out / ENTRY / "assets")
    graph = out / ENTRY / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b"lines.txt", b"../../../x"[:9]))


@hostile("variables that are a link to the host")
def variables_are_a_link(out: Path, aim: Aim) -> None:
    honest(out, aim)
    shutil.rmtree(out / ENTRY / "variables")
    (out / ENTRY / "variables").symlink_to(aim.secret.parent)


@hostile("variables cut in half")
def variables_are_cut(out: Path, aim: Aim) -> None:
    honest(out, aim)
    for file in (out / ENTRY / "variables").iterdir():
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@hostile("a graph with 500 flipped bits")
def is_flipped(out: Path, aim: Aim) -> None:
    honest(out, aim)
    graph, drawn = out / ENTRY / "saved_model.pb", random.Random(5)
    data = bytearray(graph.read_bytes())
    for _ in range(500):
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    graph.write_bytes(data)
