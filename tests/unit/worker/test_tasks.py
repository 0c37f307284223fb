"""The tasks `reference` and `export`, through a real worker and the smallest of frameworks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker

ROOT = Path(__file__).parents[3]
FAKES = ROOT / "tests/fakes/worker"
SPEC = {
    "name": "double",
    "framework": "fake",
    "family": "test",
    "variant": "fp32",
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


@pytest.fixture
def samples(tmp_path: Path) -> list[dict[str, Path]]:
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0], dtype="float32"))
    return [{"x": tmp_path / "x.npy"}]


def request(folder: Path, task: str, module: str, **args: Any) -> Request:
    return Request(task, FAKES / module, args, folder / "out", folder / "log.txt", 30.0, 2048)


def reference(folder: Path, samples: list[dict[str, Path]], family: str = "test") -> Request:
    weights = folder / "out/weights"
    spec = {**SPEC, "family": family}
    model = FAKES / "model.py"
    return request(folder, "reference", "framework.py", model=model, spec=spec, samples=samples, weights=weights)


def export(folder: Path, samples: list[dict[str, Path]], source: dict[str, Any], **options: Any) -> Request:
    return request(folder, "export", "step.py", spec=SPEC, samples=samples, options=options, source=source)


def message(reply: Reply) -> str:
    assert reply.status == "failed" and reply.error is not None
    return f"{reply.stage}: {reply.error['message']}"


def test_reference(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    reply = worker.request(reference(tmp_path, samples))

    assert reply.status == "ok" and reply.value is not None
    assert reply.value["versions"] == {"numpy": np.__version__}
    assert reply.value["eager_s"] > 0
    assert float(np.load(tmp_path / "out/weights/factor.npy")) == 2.0
    for dtype in ("float64", "float32"):
        output = np.load(tmp_path / f"out/0/y.{dtype}.npy")
        assert output.dtype == dtype and output.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("family", ["test", "random", "stateful"])
def test_a_reference_is_computed_again_and_what_differs_is_written(
    worker: Worker, tmp_path: Path, samples: list[dict[str, Path]], family: str
) -> None:
    """Though the framework sets the seed that it is told, and the state begins anew each time."""
    worker.request(reference(tmp_path, samples * 2, family))

    again = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/*/*.again.npy")}

    everywhere = {f"{sample}/y.{dtype}.again.npy" for sample in range(2) for dtype in ("float64", "float32")}
    assert again == (set() if family == "test" else everywhere)


def test_state_shows_in_a_single_sample(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    worker.request(reference(tmp_path, samples, "stateful"))

    assert np.load(tmp_path / "out/0/y.float64.again.npy").tolist() == [3.0, 5.0]


def test_further_orders_of_summation(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    """What gives the same bits, is no order of the same sums or cannot be had is left out, and the log says why."""
    reply = worker.request(reference(tmp_path, samples))

    assert reply.value is not None and reply.value["orders"] == ["near"]
    assert [path.name for path in tmp_path.glob("out/0/y.float32.*.npy")] == ["y.float32.near.npy"]
    log = (tmp_path / "log.txt").read_text()
    assert "no order of summation refused: ZeroDivisionError" in log
    assert "no order of summation far: its answers are others than the model's" in log


@pytest.mark.parametrize(
    ("family", "complaint"), [("misnamed", "['misnamed']"), ("low precision", "float32 where float64")]
)
def test_a_reference_that_is_not_what_was_asked_for(
    worker: Worker, tmp_path: Path, samples: list[dict[str, Path]], family: str, complaint: str
) -> None:
    reply = worker.request(reference(tmp_path, samples, family))

    assert complaint in message(reply) and reply.stage == "reference"


def test_no_samples_are_refused(worker: Worker, tmp_path: Path) -> None:
    assert "no samples" in message(worker.request(reference(tmp_path, [])))


def test_export_of_a_framework_model(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    worker.request(reference(tmp_path, samples))
    source = {
        "framework": FAKES / "framework.py",
        "model": FAKES / "model.py",
        "weights": tmp_path / "out/weights",
    }

    reply = worker.request(export(tmp_path / "step", samples, source, leave="file"))

    assert reply.status == "ok" and reply.value is not None
    assert reply.value["entry"] == "artifact"
    assert reply.value["versions"] == {"numpy": np.__version__}
    assert reply.value["signature"]["inputs"] == {"x": {"name": "x:0", "dtype": "float32", "shape": [2]}}
    written = json.loads((tmp_path / "step/out/artifact").read_text())
    assert written == {"source": "2.0", "example": [1.0, 2.0]}


def test_export_of_an_artifact(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    artifact = tmp_path / "model.fake"
    artifact.write_text("weights")

    reply = worker.request(export(tmp_path, samples, {"artifact": artifact, "signature": {}}, leave="file"))

    assert reply.status == "ok"
    assert json.loads((tmp_path / "out/artifact").read_text())["source"] == str(artifact)


def test_a_source_that_is_not_there(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    source = {"artifact": tmp_path / "nowhere", "signature": {}}

    assert message(worker.request(export(tmp_path, samples, source))).startswith("open: ")


@pytest.mark.parametrize("leave", ["nothing", "empty file", "empty folder"])
def test_an_exporter_that_leaves_nothing(
    worker: Worker, tmp_path: Path, samples: list[dict[str, Path]], leave: str
) -> None:
    source = {"artifact": tmp_path / "x.npy", "signature": {}}

    reply = worker.request(export(tmp_path, samples, source, leave=leave))

    assert message(reply).startswith("export: the exporter returned but left no artifact")


def test_a_signature_that_does_not_match(worker: Worker, tmp_path: Path, samples: list[dict[str, Path]]) -> None:
    source = {"artifact": tmp_path / "x.npy", "signature": {}}
    signature = {"inputs": {"x": "x"}, "outputs": {"logits": "y"}}

    reply = worker.request(export(tmp_path, samples, source, leave="file", signature=signature))

    assert message(reply) == "export: the signature's outputs name ['logits'], but the model declares ['y']"
