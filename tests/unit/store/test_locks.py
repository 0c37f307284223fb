"""Locks end with their holders, claims with their runs, and both leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploymatrix.store.claims import ClaimAbandoned, Claims
from deploymatrix.store.locks import Lock, held, is_held

HOLDER = """
import sys, time
from pathlib import Path
from deploymatrix.store.locks import Lock
Lock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert lock.acquire(wait=False)

    assert not Lock(tmp_path / "lock").acquire(wait=False)
    assert is_held(tmp_path / "lock")
    lock.release()

    assert not is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_many_threads_have_it_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        with held(tmp_path / "lock"):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(400)))

    assert (max(most), len(most)) == (1, 400)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert is_held(path)
        os.kill(holder.pid, signal.SIGKILL)

    assert path.exists()
    assert not is_held(path)
    assert not path.exists()


def test_who_waits_for_a_claim_has_it_next(tmp_path: Path) -> None:
    waits = threading.Event()
    one, other = Claims(tmp_path), Claims(tmp_path)
    order = []

    def wait() -> None:
        with other.claimed("key", waits.set):
            order.append("other")

    with ThreadPoolExecutor(1) as pool:
        with one.claimed("key", lambda: None):
            ended = pool.submit(wait)
            assert waits.wait(20)
            order.append("one")
        ended.result(20)

    assert order == ["one", "other"]
    assert list((tmp_path / "claims").iterdir()) == []


def test_claims_on_other_keys_are_free(tmp_path: Path) -> None:
    waited: list[str] = []

    with Claims(tmp_path).claimed("one", lambda: None), Claims(tmp_path).claimed("two", lambda: waited.append("two")):
        assert waited == []


def test_a_run_that_is_over_waits_for_nobody(tmp_path: Path) -> None:
    over = Claims(tmp_path)

    with (
        Claims(tmp_path).claimed("key", lambda: None),
        pytest.raises(ClaimAbandoned),
        over.claimed("key", over.end),
    ):
        raise AssertionError("two have the claim")
