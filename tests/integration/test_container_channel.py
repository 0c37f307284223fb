"""The line to a worker in a container: whole lines, causes of death, limits, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.images import Image
from deploymatrix.host.container_channel import ContainerChannel, container_channel
from deploymatrix.host.container_limits import Bounds
from deploymatrix.host.inbox import Inbox, Mount
from deploymatrix.host.reaping import process_start, reap, reap_stale

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
SMALL = "onnx"

# A program that starts a container for a run, and then dies without a word.
ABANDON = """
import os, signal, sys
from deploymatrix.environments.engine import engine
from deploymatrix.environments.images import Image
from pathlib import Path
from deploymatrix.host.container_channel import container_channel
from deploymatrix.host.container_limits import Bounds
from deploymatrix.host.inbox import Inbox
channel = container_channel(engine(), Image(tag="", digest="", id=sys.argv[1]), [], Bounds(memory_mb=128),
                            inbox=Inbox(Path(sys.argv[3]), "/in"), run_id=sys.argv[2], command=["sleep", "600"])
print(channel.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

Start = Callable[..., ContainerChannel]


@pytest.fixture
def start(client: Any, image_of: Callable[[str], Image], containers_of: str, tmp_path: Path) -> Start:
    """Starts a command in the small image of a Python target."""

    def channel(code: str, *mounts: Mount, memory_mb: int = 256, run_id: str = containers_of) -> ContainerChannel:
        return container_channel(
            client,
            image_of(SMALL),
            mounts,
            Bounds(memory_mb=memory_mb, cpus=1),
            inbox=Inbox(tmp_path / "inbox", "/deploymatrix/inbox"),
            run_id=run_id,
            command=["python3", "-c", code],
        )

    return channel


def said(channel: ContainerChannel) -> bytes:
    return b"".join(channel.chunks())


def test_all_that_is_said_comes_whatever_is_said_beside_it(start: Start):
    code = "import sys\nfor i in range(3):\n print('e' * 70000, file=sys.stderr); print(str(i) * 2_000_000, flush=True)"

    assert said(start(code)) == b"".join(str(i).encode() * 2_000_000 + b"\n" for i in range(3))


def test_what_is_sent_arrives_and_the_end_of_the_channel_is_the_end(start: Start):
    channel = start("import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)")
    chunks = channel.chunks()
    channel.send(b"one\n", 10)
    assert next(chunks) == b"ONE\n"
    channel.send(b"two\n", 10)
    assert next(chunks) == b"TWO\n"

    channel.kill()
    channel.kill()

    assert list(chunks) == []


def test_a_program_that_takes_nothing_does_not_hold_the_sender(start: Start):
    channel = start("import time; time.sleep(600)")

    with pytest.raises(TimeoutError):
        for _ in range(10_000):
            channel.send(b"x" * 65_536, 1)

    channel.kill()


@pytest.mark.parametrize(
    ("code", "cause", "word"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signaled", "SIGSEGV"),
        ("import os; os.abort()", "signaled", "SIGABRT"),
        ("import sys; sys.exit('the reason')", "no_reply", "the reason"),
        ("pass", "no_reply", "exit code 0"),
    ],
)
def test_the_cause_of_death_is_told(start: Start, code: str, cause: str, word: str):
    channel = start(code)

    assert said(channel) == b""
    assert channel.cause_of_death()[0] == cause
    assert word in channel.cause_of_death()[1]


EAT = "b'x' * (1 << 30)"


@pytest.mark.parametrize(
    "code", [EAT, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {EAT!r}])"], ids=["worker", "child"]
)
def test_out_of_memory_is_told_even_when_only_a_child_died(start: Start, code: str):
    channel = start(code, memory_mb=64)

    assert said(channel) == b""
    assert channel.cause_of_death()[0] == "out_of_memory"


def test_a_container_killed_from_outside_ends_the_channel(client: Any, start: Start):
    channel = start("import sys; print('up', flush=True); sys.stdin.read()")
    chunks = channel.chunks()
    assert next(chunks) == b"up\n"

    client.api.kill(channel.id)

    assert list(chunks) == []
    assert channel.cause_of_death()[0] == "signaled"


def test_an_ended_container_is_removed(client: Any, start: Start):
    channel = start("pass")
    said(channel)

    assert channel.id not in _ids(client)


def test_a_task_reads_what_it_was_given_and_not_what_another_was(start: Start, tmp_path: Path):
    given, other = tmp_path / "given.txt", tmp_path / "other.txt"
    given.write_text("mine")
    other.write_text("of another task")
    channel = start(
        "import os, sys\n"
        "print(open(sys.stdin.readline().strip()).read(), flush=True)\n"
        "try: print(os.listdir('/deploymatrix/inbox'))\n"
        "except OSError as error: print(type(error).__name__)"
    )

    with channel.stage() as stage, channel.stage() as another:
        another.translate(other)
        os.chmod(tmp_path, 0o755)
        channel.send(f"{stage.translate(given)}\n".encode(), 10)
        words = said(channel)

    assert words.startswith(b"mine\n"), "the container's root owns no file of the host"


def test_a_run_reaps_its_own_containers_only(client: Any, start: Start, containers_of: str):
    mine = start("import sys; sys.stdin.read()", run_id=f"{containers_of}-mine")
    other = start("import sys; sys.stdin.read()")

    assert reap(client, f"{containers_of}-mine") == 1

    assert said(mine) == b""
    assert other.id in _ids(client)
    other.kill()


def test_containers_of_a_dead_run_are_reaped_and_those_of_a_living_one_are_not(
    client: Any, start: Start, image_of: Callable[[str], Image], containers_of: str, tmp_path: Path
):
    living = start("import sys; sys.stdin.read()")
    command = [sys.executable, "-c", ABANDON, image_of(SMALL).id, f"{containers_of}-dead", str(tmp_path / "in")]
    abandoned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    dead = abandoned.stdout.strip()
    assert dead in _ids(client), abandoned.stderr

    assert reap_stale(client) >= 1

    assert dead not in _ids(client)
    assert living.id in _ids(client)
    living.kill()


def test_a_process_is_known_by_its_start():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert process_start(other.pid) == process_start(other.pid) != process_start(os.getpid())

    assert process_start(other.pid) is None


def _ids(client: Any) -> set[str]:
    return {container["Id"] for container in client.api.containers(all=True)}
