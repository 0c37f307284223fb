"""Two runs at once in one build folder: what both need is done once, and neither hides the other one's results."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploymatrix.errors import USAGE
from tests.fakes.tree import Tree, environment

# Each export notes itself, and ends only once the other run waits for it.
NOTED = """

import time

alone = export


def export(source, spec, out, options):
    note = os.open({notes!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(note, b"exported\\n")
    while not os.path.exists({flag!r}):
        time.sleep(0.02)
    return alone(source, spec, out, options)
"""


class Pair:
    """Two runs that overlap."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.notes, self.flag = tree.root / "notes", tree.root / "flag"
        tree.append("pipelines/npz/from_numpy.py", NOTED.format(notes=str(self.notes), flag=str(self.flag)))

    def begin(self, *targets: str) -> subprocess.Popen[str]:
        selection = [word for target in targets for word in ("-t", target)]
        command = self.tree.command("run", "--isolation", "process", "--json", *selection)
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )

    def wait_for_an_export(self) -> None:
        deadline = time.monotonic() + 60
        while not self.notes.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def exports(self) -> int:
        return len(self.notes.read_text().splitlines())


@pytest.fixture
def pair(runnable: Tree) -> Iterator[Pair]:
    yield Pair(runnable)


def heard(process: subprocess.Popen[str], words: str) -> str:
    """What a run said until it said these words."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"it never said {words!r}: {''.join(said)}")


def cells(out: str) -> dict[str, str]:
    return {cell["target"]: cell["outcome"] for cell in json.loads(out)["cells"]}


def test_two_runs_share_their_work(pair: Pair) -> None:
    with pair.begin("npz", "plain") as first:
        heard(first, "runner plain: ready")
        pair.wait_for_an_export()
        with pair.begin("plain", "wrapped") as second:
            said = heard(second, "export linear numpy>npz fp32: waits for another run, which is at it")
            pair.flag.touch()
            out, told = second.communicate(timeout=120)
        first_out, first_told = first.communicate(timeout=120)

    assert (first.returncode, second.returncode) == (0, 0), first_told + told
    assert "another run is under way in" in said
    assert cells(first_out) == {"npz": "passed", "plain": "passed"}
    assert cells(out) == {"plain": "passed", "wrapped": "passed"}
    assert pair.exports == 1
    assert ("another run wrote its 2 cells" in first_told) != ("another run wrote its 2 cells" in told)
    assert pair.tree.run("run", "--isolation", "process").returncode == 0
    assert json.loads((pair.tree.build / "measurements.json").read_text())["runs"] == 0


def test_who_waited_for_a_run_that_was_killed_does_its_work(pair: Pair) -> None:
    with pair.begin("npz") as first:
        pair.wait_for_an_export()
        with pair.begin("npz") as second:
            heard(second, "waits for another run, which is at it")
            first.send_signal(signal.SIGKILL)
            pair.flag.touch()
            out, told = second.communicate(timeout=120)

    assert second.returncode == 0, told
    assert cells(out) == {"npz": "passed"}
    assert pair.exports == 2
    assert list((pair.tree.build / "store" / "claims").iterdir()) == []


def test_clean_spares_both(pair: Pair) -> None:
    with pair.begin("npz") as first:
        pair.wait_for_an_export()
        with pair.begin("npz") as second:
            heard(second, "waits for another run, which is at it")
            refused = pair.tree.run("clean")
            collected = pair.tree.run("clean", "--older-than", "0s", "--max-size", "0MB")
            pair.flag.touch()
            codes = [process.communicate(timeout=120) and process.returncode for process in (first, second)]

    assert refused.returncode == USAGE and "a run is under way" in refused.stderr
    assert collected.returncode == 0 and collected.stdout.startswith("0 of ")
    assert codes == [0, 0]
    assert pair.exports == 1


def test_a_flipped_byte_in_an_artifact_is_found_by_a_run_that_is_otherwise_cached(runnable: Tree) -> None:
    command = ("run", "--isolation", "process")
    assert runnable.run(*command).returncode == 0
    matrix = (runnable.build / "matrix.json").read_bytes()
    artifact = next(runnable.build.glob("store/artifacts/*/files/wrapped.npz"))
    right = artifact.read_bytes()
    flip(artifact)

    done = runnable.run(*command)

    assert done.returncode == 0
    assert "wrapped.npz changed after its manifest was written" in done.stderr and "it is made again" in done.stderr
    assert next(runnable.build.glob("store/artifacts/*/files/wrapped.npz")).read_bytes() == right
    assert (runnable.build / "matrix.json").read_bytes() == matrix


def flip(path: Path) -> None:
    """Change a byte and leave size and time of the last write as they were."""
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
