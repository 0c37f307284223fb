"""The loop over steps, in both workers: outputs are fed back, and every sample begins anew."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker

WORKER = Path(__file__).parents[3] / "deploymatrix/worker"
STEPS = 5

# A running sum, and a counter that the artifact gives as int32 and takes as int64. `kept` leaks from sample to sample.
PYTHON = """
import numpy as np

def load(payload):
    return {"kept": np.zeros(2, np.float32)}

def run(session, inputs):
    if LEAKS:
        session["kept"] += inputs["in:x"]
    after = inputs["in:sum"] + inputs["in:x"] + session["kept"]
    count = (inputs["in:count"] + 1).astype(np.int32)
    inputs["in:x"][:] = 99
    outputs = {"out:y": 2 * after, "out:sum": after, "out:count": count}
    return {name: array for name, array in outputs.items() if name not in LACKS}
"""
NODE = """
export const load = () => ({ kept: new Float32Array(2) });
export function run({ kept }, inputs) {
  const [x, sum, count] = ['in:x', 'in:sum', 'in:count'].map((name) => inputs[name]);
  if (LEAKS) kept.forEach((_, i) => { kept[i] += x.data[i]; });
  const after = { ...sum, data: sum.data.map((value, i) => value + x.data[i] + kept[i]) };
  const counted = { dtype: 'int32', shape: [], data: Int32Array.from([Number(count.data[0]) + 1]) };
  x.data.fill(99);
  const outputs = { 'out:y': { ...after, data: after.data.map((v) => 2 * v) }, 'out:sum': after, 'out:count': counted };
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !LACKS.includes(name)));
}
"""
FLOATS = {"dtype": "float32", "shape": [2]}
SIGNATURE = {
    "inputs": {
        "x": {"name": "in:x", **FLOATS},
        "sum_in": {"name": "in:sum", **FLOATS},
        "count_in": {"name": "in:count", "dtype": "int64", "shape": []},
    },
    "outputs": {
        "y": {"name": "out:y", **FLOATS},
        "sum_out": {"name": "out:sum", **FLOATS},
        "count_out": {"name": "out:count", "dtype": "int32", "shape": []},
    },
}
STATE = {"steps": STEPS, "feedback": {"sum_in": "sum_out", "count_in": "count_out"}}
Ask = Callable[..., Reply]


def written(folder: Path) -> tuple[list[np.ndarray[Any, Any]], list[dict[str, Path]]]:
    """Two samples of a sequence each, whose sums begin with 10 and 20."""
    sequences = [np.arange(2 * STEPS, dtype=np.float32).reshape(STEPS, 2) + sample for sample in range(2)]
    paths = []
    for index, sequence in enumerate(sequences):
        arrays = {"x": sequence, "sum_in": np.float32([10, 10]) * (index + 1), "count_in": np.int64(0)}
        (folder / str(index)).mkdir()
        for name, array in arrays.items():
            np.save(folder / f"{index}/{name}.npy", array)
        paths.append({name: folder / f"{index}/{name}.npy" for name in arrays})
    return sequences, paths


@pytest.fixture(params=["python", "node"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("no node on PATH")
    return str(request.param)


@pytest.fixture
def ask(tmp_path: Path, language: str) -> Ask:
    """What the worker answers to `run` of the running sum."""

    def request(samples: list[dict[str, Path]], *, leaks: bool = False, lacks: str = "") -> Reply:
        words = ("True", "False") if language == "python" else ("true", "false")
        code = (PYTHON if language == "python" else NODE).replace("LEAKS", words[0] if leaks else words[1])
        module = tmp_path / ("run.py" if language == "python" else "run.mjs")
        module.write_text(code.replace("LACKS", f"['{lacks}']"))
        commands = {"python": [sys.executable, "-s", str(WORKER)], "node": ["node", str(WORKER / "server.mjs")]}
        worker = Worker(lambda: process_channel(commands[language], {}, tmp_path / "worker.log"))
        args = {"payload": tmp_path, "signature": SIGNATURE, "samples": samples, "repeat": 2, "state": STATE}
        try:
            return worker.request(Request("run", module, args, tmp_path / "out", tmp_path / "log.txt", 30.0, 2048))
        finally:
            worker.close()

    return request


def test_outputs_are_fed_back_and_kept_of_every_step(ask: Ask, tmp_path: Path) -> None:
    sequences, samples = written(tmp_path)

    reply = ask(samples)

    assert reply.status == "ok", reply.error
    for index, sequence in enumerate(sequences):
        sums = np.cumsum(sequence, axis=0) + 10 * (index + 1)
        out = tmp_path / "out" / str(index)
        np.testing.assert_array_equal(np.load(out / "sum_out.npy"), sums)
        np.testing.assert_array_equal(np.load(out / "y.npy"), 2 * sums)
        counts = np.load(out / "count_out.npy")
        assert (counts.dtype, counts.tolist()) == (np.int32, list(range(1, STEPS + 1)))
    assert not (tmp_path / "out/again").exists()


def test_state_that_a_session_keeps_by_itself_shows(ask: Ask, tmp_path: Path) -> None:
    _, samples = written(tmp_path)

    reply = ask(samples, leaks=True)

    assert reply.status == "ok"
    assert (tmp_path / "out/again/repeat-2/0/y.npy").is_file()


def test_an_output_that_is_fed_back_must_be_there(ask: Ask, tmp_path: Path) -> None:
    _, samples = written(tmp_path)

    reply = ask(samples, lacks="out:sum")

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None
    assert "'out:sum' is lacking, which is fed back" in reply.error["message"]


FRAMEWORK = """
import numpy as np

def freeze(model, spec, weights):
    np.save(weights / "factor.npy", model.build())

def open(model, spec, weights):
    return float(np.load(weights / "factor.npy"))

def reference(model, spec, weights, dtype):
    factor = open(model, spec, weights)
    return [answer(sample, factor, dtype) for sample in spec.samples]

def answer(sample, factor, dtype):
    assert sample["x"].shape == sample["sum_in"].shape == (2,)
    after = sample["sum_in"].astype(dtype) / np.array(3, dtype) + factor * sample["x"].astype(dtype)
    return {"sum_out": after, "choice": np.array(after.argmax())}

def orders(model, spec, weights):
    def turned():
        for sample in spec.samples:
            found = answer(sample, 2.0, "float32")
            yield {"sum_out": np.nextafter(found["sum_out"], np.float32(9)), "choice": found["choice"]}
    return {"turned": turned}
"""
SPEC = {
    **{"name": "sum", "framework": "numpy", "family": "", "variant": "", "seed": 0, "calibrate": False},
    "inputs": [{"name": "x", **FLOATS}, {"name": "sum_in", **FLOATS}],
    "outputs": [{"name": "sum_out", **FLOATS}, {"name": "choice", "dtype": "int64", "shape": []}],
    "state": {"steps": STEPS, "feedback": {"sum_in": "sum_out"}},
}


def test_references_run_the_same_loop_in_each_precision_and_order(tmp_path: Path) -> None:
    sequences, samples = written(tmp_path)
    (tmp_path / "framework.py").write_text(FRAMEWORK)
    (tmp_path / "model.py").write_text("def build():\n    return 2.0\n")
    for sample in samples:
        del sample["count_in"]
    args = {"model": tmp_path / "model.py", "given": None, "spec": SPEC, "samples": samples}
    worker = Worker(lambda: process_channel([sys.executable, "-s", str(WORKER)], {}, tmp_path / "worker.log"))

    reply = worker.request(
        Request("reference", tmp_path / "framework.py", args, tmp_path / "out", tmp_path / "log.txt", 30.0, 2048)
    )
    worker.close()

    assert reply.status == "ok", reply.error
    assert reply.value is not None
    assert reply.value["orders"] == ["turned"]
    for index, sequence in enumerate(sequences):
        state, expected = np.float64([10, 10]) * (index + 1), []
        for x in sequence.astype(np.float64):
            state = state / 3 + 2 * x
            expected.append(state)
        out = tmp_path / "out" / str(index)
        exact, eager, turned = (np.load(out / f"sum_out.{w}.npy") for w in ("float64", "float32", "float32.turned"))
        np.testing.assert_array_equal(exact, np.stack(expected))
        assert (eager.dtype, eager.shape) == (np.float32, (STEPS, 2))
        assert 0 < np.abs(eager - exact).max() < 1e-5
        assert np.abs(turned - eager).max() > 0
        assert np.load(out / "choice.float32.npy").tolist() == [1] * STEPS
    assert not list((tmp_path / "out").glob("*/*.again.npy"))
