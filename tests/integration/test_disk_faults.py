"""Disks that are full, read-only, forbidden or broken: one sentence, exit code 4, and earlier results as they were."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploymatrix.errors import INCOMPLETE
from tests.fakes.tree import Tree, environment

RUN = ("run", "--isolation", "process")


@pytest.fixture
def done(runnable: Tree) -> Tree:
    """The tiny project after a run that passed."""
    assert runnable.run(*RUN).returncode == 0
    return runnable


@pytest.fixture
def small_disk(make_runnable: Callable[[Path], Tree], tmp_path: Path) -> Iterator[Tree]:
    """The tiny project after a run that passed, its build folder on a disk of 8 MB."""
    tree = make_runnable(tmp_path / "project")
    envs = os.readlink(tree.build / "envs")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", tree.build], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system")
    try:
        (tree.build / "envs").symlink_to(envs)
        assert tree.run(*RUN).returncode == 0
        yield tree
    finally:
        subprocess.run(["umount", "--lazy", tree.build], check=True)


def results(tree: Tree) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in tree.build.glob("store/*/*/record.json")}


def said(told: subprocess.CompletedProcess[str]) -> str:
    """The last line, after no traceback."""
    assert told.returncode == INCOMPLETE, told.stderr
    assert "Traceback" not in told.stderr
    line = told.stderr.splitlines()[-1]
    assert line.startswith("deploymatrix: /")
    return line


@pytest.mark.parametrize("left_kib", [0, 4, 16, 64])
def test_a_full_disk(small_disk: Tree, left_kib: int) -> None:
    before, matrix = results(small_disk), (small_disk.build / "matrix.json").read_bytes()
    fill = small_disk.build / "fill"
    free = shutil.disk_usage(small_disk.build).free
    fill.write_bytes(bytes(max(0, free - left_kib * 1024)))
    small_disk.change("models/linear/model.py", "default_rng(7)", "default_rng(8)")

    line = said(small_disk.run(*RUN))

    assert str(small_disk.build) in line and "no space left on device; free some space there" in line
    assert {path: results(small_disk)[path] for path in before} == before
    after = (small_disk.build / "matrix.json").read_bytes()
    assert after == matrix or b'"outcome": "passed"' not in after
    assert list(small_disk.build.glob("store/failures/*")) == []

    fill.unlink()
    assert small_disk.run(*RUN).returncode == 0


def test_a_limit_of_file_sizes(done: Tree) -> None:
    matrix = (done.build / "matrix.json").read_bytes()

    command = " ".join(["ulimit -f 1;", "exec", *done.command(*RUN)])
    line = said(subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment()))

    assert str(done.build / "matrix.json") in line and "file too large; raise the limit" in line
    assert (done.build / "matrix.json").read_bytes() == matrix


@pytest.mark.parametrize("name", ["matrix.json", "measurements.json"])
def test_a_folder_in_the_place_of_a_file(done: Tree, name: str) -> None:
    before = results(done)
    (done.build / name).unlink()
    (done.build / name).mkdir()

    line = said(done.run(*RUN))

    assert f"{done.build / name}: is a directory; move that folder away" in line
    assert results(done) == before


@pytest.mark.parametrize("name", ["", "runs", "store", "store/artifacts", "store/claims", "work", "logs"])
def test_a_file_in_the_place_of_a_folder(runnable: Tree, name: str) -> None:
    blocked = runnable.build / name
    if not name:
        (runnable.build / "envs").unlink()
        runnable.build.rmdir()
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("")

    line = said(runnable.run(*RUN))

    assert f"{blocked}: is not a folder, where one is needed; move that away" in line


def test_a_record_that_the_disk_cannot_read(done: Tree) -> None:
    record = next(done.build.glob("store/cells/*/record.json"))
    record.unlink()
    record.symlink_to("/proc/self/mem")  # which cannot be read at its beginning
    matrix = (done.build / "matrix.json").read_bytes()

    line = said(done.run(*RUN))

    assert f"{record}: input/output error; the disk may be failing" in line
    after = (done.build / "matrix.json").read_bytes()
    assert after == matrix or b'"outcome": "missing"' in after


def test_a_read_only_disk(small_disk: Tree) -> None:
    before, matrix = results(small_disk), (small_disk.build / "matrix.json").read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", small_disk.build], check=True)

    line = said(small_disk.run(*RUN))

    assert str(small_disk.build) in line and "read-only file system; make it writable, or choose" in line
    assert (results(small_disk), (small_disk.build / "matrix.json").read_bytes()) == (before, matrix)
    assert small_disk.run("gate").returncode == 0


def without_rights(tree: Tree) -> subprocess.CompletedProcess[str]:
    """A run that permissions bind, as they do every user but root."""
    without = "-dac_override,-dac_read_search,-fowner"
    bound = ["setpriv", f"--inh-caps={without}", f"--bounding-set={without}"] if os.getuid() == 0 else []
    return subprocess.run([*bound, *tree.command(*RUN)], capture_output=True, text=True, env=environment())


@pytest.mark.parametrize("name", [".", "runs", "store", "store/cells", "store/.lock", "store/cells/*/record.json"])
def test_what_this_user_may_not_touch(done: Tree, name: str) -> None:
    matrix = (done.build / "matrix.json").read_bytes()
    forbidden = next(done.build.glob(name)) if name != "." else done.build
    mode = forbidden.stat().st_mode
    forbidden.chmod(0o500 if name == "runs" else 0)

    line = said(without_rights(done))

    forbidden.chmod(mode)
    assert f"{forbidden}" in line and "permission denied; give this user the right to it" in line
    after = (done.build / "matrix.json").read_bytes()
    assert after == matrix or b'"outcome": "missing"' in after
    assert without_rights(done).returncode == 0
