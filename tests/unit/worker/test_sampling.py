"""The task `sample`, through a real worker: what samples.py gives is written, and what is wrong is told by number."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker

ROOT = Path(__file__).parents[3]
SPEC = {
    "name": "double",
    "framework": "fake",
    "family": "test",
    "variant": "",
    "seed": 1,
    "calibrate": False,
    "inputs": [{"name": "x", "dtype": "float32", "shape": [2]}],
    "outputs": [{"name": "y", "dtype": "float32", "shape": [2]}],
}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    command = [sys.executable, "-s", str(ROOT / "deploymatrix/worker")]
    worker = Worker(lambda: process_channel(command, {}, tmp_path / "worker.log"))
    yield worker
    worker.close()


def sampled(worker: Worker, folder: Path, code: str) -> Reply:
    model = folder / "model"
    model.mkdir(exist_ok=True)
    (model / "samples.py").write_text(code)
    imports = {"folders": [model], "packages": None}
    args = {"sampler": model / "samples.py", "imports": imports, "spec": SPEC, "most": 10}
    module = ROOT / "tests/fakes/worker/framework.py"
    return worker.request(Request("sample", module, args, folder / "out", folder / "log.txt", 30.0, 2048))


def giving(sample: str) -> str:
    return f"import numpy as np\ndef samples():\n    yield {{'x': np.ones(2, 'float32')}}\n    yield {sample}\n"


def test_samples_are_written_and_what_they_were_made_from_is_read(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "data.npy").write_bytes(b"")
    np.save(tmp_path / "data.npy", np.arange(6, dtype="float32").reshape(3, 2))
    (tmp_path / "model").mkdir()
    (tmp_path / "model/scale.py").write_text("SCALE = 2\n")
    code = (
        "import numpy as np\nfrom pathlib import Path\nfrom scale import SCALE\n"
        "def samples():\n"
        "    for row in np.load(Path(__file__).parents[1] / 'data.npy'):\n"
        "        yield {'x': SCALE * row}\n"
    )

    reply = sampled(worker, tmp_path, code)

    assert reply.status == "ok" and reply.value is not None, reply.error
    assert (reply.value["samples"], reply.value["versions"]["numpy"]) == (3, np.__version__)
    assert [np.load(tmp_path / f"out/{i}/x.npy").tolist() for i in range(3)] == [[0, 2], [4, 6], [8, 10]]
    assert {Path(name).name for name in reply.reads} >= {"data.npy", "samples.py", "scale.py"}


def test_random_samples_are_the_same_again(worker: Worker, tmp_path: Path) -> None:
    code = giving("{'x': np.random.standard_normal(2).astype('float32')}")
    sampled(worker, tmp_path, code)
    first = np.load(tmp_path / "out/1/x.npy").tolist()

    sampled(worker, tmp_path, code)

    assert np.load(tmp_path / "out/1/x.npy").tolist() == first


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "samples.py does not define samples()"),
        ("def samples(): return 3", "samples() gave int; it must give an iterable of dicts"),
        ("def samples(): return {}", "samples() gave dict; it must give an iterable of dicts"),
        ("def samples(): return []", "samples() gave none"),
        ("def samples(): raise OSError('no data here')", "no data here"),
        (giving("np.ones(2)"), "sample 1: ndarray; it must be a dict"),
        (giving("{'z': np.ones(2)}"), "sample 1: inputs z; model.toml declares x"),
        (giving("{'x': [1, 2]}"), "sample 1: x: list; it must be a numpy.ndarray"),
        (giving("{'x': np.ones(2)}"), "sample 1: x: float64[2], where model.toml declares float32[2]"),
        (giving("{'x': np.ones(3, 'float32')}"), "sample 1: x: float32[3], where model.toml declares float32[2]"),
        (giving("{'x': np.full(2, np.nan, 'float32')}"), "sample 1: x: holds NaN or an infinity"),
        (giving("{}").replace("yield {}\n", "while True: yield {'x': np.ones(2, 'float32')}\n"), "more than 10"),
    ],
)
def test_what_is_wrong_is_told_with_the_samples_number(worker: Worker, tmp_path: Path, code: str, why: str) -> None:
    reply = sampled(worker, tmp_path, code)

    assert (reply.status, reply.stage) == ("failed", "reference") and reply.error is not None
    assert why in reply.error["message"]
