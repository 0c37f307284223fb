"""A worker of each kind, for the tests of workers as the host sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploymatrix.host.worker import Worker
from tests.workers import Bench, command, started


@pytest.fixture(params=["fork", "spawn", "node"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from bench_of(request.param, tmp_path)


@pytest.fixture(params=["fork", "spawn"])
def python_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from bench_of(request.param, tmp_path)


def bench_of(kind: str, tmp_path: Path) -> Iterator[Bench]:
    command(kind)
    folder = tmp_path / "requests"
    folder.mkdir()
    worker = Worker(lambda: started(kind, tmp_path / "worker.log"))
    yield Bench(kind, folder, worker)
    worker.close()
