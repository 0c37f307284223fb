"""Memory of process groups, measured on real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploymatrix.worker import memory

HOLD = "import os, sys; hoard = bytearray(b'x' * {size}); os.write(1, b'held\\n'); sys.stdin.read()"
FORK = HOLD.replace("os.write", "os.fork(); os.write")
SIZE_MB = 100


@pytest.fixture
def holder(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", request.param.format(size=SIZE_MB << 20)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stdin is not None
    for _ in range(2 if "fork" in request.param else 1):
        assert process.stdout.readline() == b"held\n"
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stdin.close()


@pytest.mark.parametrize("holder", [HOLD], indirect=True)
def test_a_process_holds_what_it_filled(holder: subprocess.Popen[bytes]) -> None:
    resident = memory.GroupMemory(holder.pid).resident_mb(limit_mb=4096)

    assert SIZE_MB < resident < SIZE_MB + 60


@pytest.mark.skipif(not memory.ON_LINUX, reason="ps cannot tell shared pages from own ones")
@pytest.mark.parametrize("holder", [FORK], indirect=True)
def test_shared_pages_count_once_when_it_matters(holder: subprocess.Popen[bytes]) -> None:
    group = memory.GroupMemory(holder.pid)
    group.looked_up -= 2 * memory.MEMBERS_S

    assert group.resident_mb(limit_mb=4096) > 2 * SIZE_MB
    assert len(group.members) == 2
    assert group.resident_mb(limit_mb=SIZE_MB) < 1.5 * SIZE_MB


@pytest.mark.parametrize("holder", [HOLD], indirect=True)
def test_ps_agrees(holder: subprocess.Popen[bytes]) -> None:
    assert SIZE_MB < memory.resident_mb_by_ps(holder.pid) < SIZE_MB + 60


def test_a_group_that_is_gone_holds_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()

    assert memory.GroupMemory(process.pid).resident_mb(limit_mb=1) == 0
    assert memory.members(process.pid) == []


def test_oom_counter_is_a_count_where_it_can_be_read() -> None:
    readable = [path for path in memory.counters() if path.exists() and "oom_kill " in path.read_text()]

    kills = memory.oom_kills()

    assert (kills is not None and kills >= 0) if readable else kills is None
