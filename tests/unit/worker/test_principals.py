"""Tasks as principals of their own, where the host gives ids to a worker: here, as root, without a container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.host.channel import Channel
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker
from deploymatrix.worker import landlock
from tests.workers import FAKES, WORKER, Bench, command

FIRST = 41_000

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"),
    reason="only root can take other ids outside of a container; tests/hostile asks the same in containers",
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may pass through, unlike pytest's own: with the worker, and a room and another."""
    folder = Path(tempfile.mkdtemp(prefix="principals-"))
    folder.chmod(0o755)
    shutil.copytree(WORKER, folder / "deploymatrix/worker", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(FAKES, folder / "deploymatrix/target")
    for name in ("rooms/0", "rooms/other/task", "requests"):
        (folder / name).mkdir(parents=True)
    (folder / "rooms/other/task").chmod(0o770)
    room = str(folder / "rooms/0")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0711", "room", room], check=False).returncode:
        pytest.skip("root may not mount here, and a room is a file system of its own")
    yield folder
    subprocess.run(["umount", room], check=True)
    shutil.rmtree(folder)


@pytest.fixture(params=["fork", "node"])
def bench(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    kind = request.param
    code = place / "deploymatrix/worker"
    program = [word.replace(str(WORKER), str(code)) for word in command(kind)]
    given = {"first": FIRST, "count": 100, "rooms": [str(place / "rooms/0")], "processes": 200, "closed": []}

    def start() -> Channel:
        channel: Any = process_channel(program, {}, place / "worker.log")
        channel.principals = given
        return channel

    worker = Worker(start)
    yield Bench(kind, place / "requests", worker)
    worker.close()


def log_of(bench: Bench, **order: Any) -> str:
    request = bench.request(**order)
    reply = bench.worker.request(request)
    assert reply.status == "ok", reply.error
    return request.log.read_text() if request.log.exists() else ""


def test_a_task_has_an_id_a_folder_and_nothing_of_others(bench: Bench, place: Path) -> None:
    said = log_of(bench, do="principal", at="load", room=str(place / "rooms/0"))

    found = re.search(r"uid (\d+) gid (\d+) groups (\[.*\]) home (.*)", said)
    assert found is not None, said
    uid = int(found[1])
    assert FIRST <= uid < FIRST + 100 and int(found[2]) == uid
    assert found[3] in ("[]", f"[{uid}]")
    assert found[4].startswith(str(place / "rooms/0/task"))
    assert "could [0, 0, 0, 0, 0, 0]" in said
    assert list((place / "rooms/0").iterdir()) == [], "the folder was not emptied"


def test_each_task_has_an_id_of_its_own(bench: Bench, place: Path) -> None:
    said = [log_of(bench, do="principal", at="load", room=str(place / "rooms/0")) for _ in range(3)]

    assert len({re.search(r"uid (\d+)", text)[1] for text in said}) == 3  # type: ignore[index]


def test_nothing_of_a_task_outlives_its_reply(bench: Bench) -> None:
    said = log_of(bench, do="survive", at="load")

    survivors = [int(pid) for pid in re.findall(r"survivor (\d+)", said)]
    assert survivors, "nothing left its group and its session"
    assert [pid for pid in survivors if is_running(pid)] == []


def test_files_in_modes_of_their_own_are_removed(bench: Bench, place: Path) -> None:
    log_of(bench, do="leave_files", at="load")

    assert list((place / "rooms/0").iterdir()) == []
    assert bench.ask().status == "ok"


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "State:\tZ" not in status


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_landlock_leaves_what_is_named(tmp_path: Path) -> None:
    for name in ("given", "hidden", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    pid = os.fork()
    if pid == 0:
        os._exit(restricted(tmp_path))

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def restricted(folder: Path) -> int:
    """Return 0 if what is named can be read or written, and nothing else."""
    if not landlock.restrict([folder / "given"], [folder / "own"]):
        return 1
    (folder / "given/file").read_text()
    (folder / "own/file").write_text("new")
    for number, forbidden in enumerate(("hidden/file", "given/file"), start=2):
        try:
            (folder / forbidden).open("r" if forbidden == "hidden/file" else "w").close()
        except PermissionError:
            continue
        return number
    return 0
