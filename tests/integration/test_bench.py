"""The bench against the engine as it is: what it calls by itself is used nowhere else in that way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import REPOSITORY

pytestmark = pytest.mark.docker


def test_requests_to_a_loaded_worker_and_to_one_in_a_container_are_measured(client: Any, real_build: Path) -> None:
    command = [sys.executable, "-m", "bench", "--build-dir", str(real_build), "--only", "worker", "--repeats", "1"]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    figures = json.loads((real_build / "bench.json").read_text())["figures"]
    assert all(0 < figures[name]["median"] < 5000 for name in ("worker.overhead", "container.overhead"))
