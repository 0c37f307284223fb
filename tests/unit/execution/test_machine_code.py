"""Artifacts that are machine code: a store that machines share hands each its own, and the gate opens on all."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import OK
from deploymatrix.host import machine
from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.records import Cell
from tests.fakes.tree import Called, Tree

CPUS = {
    "old": "flags\t\t: fpu sse2\n",
    "again": "bugs\t: none\nflags : sse2  fpu\n",
    "new": "flags\t: fpu sse2 avx512f\n",
}
RUN = ("run", "--isolation", "process", "-t", "npz")


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Go to a machine with another processor."""
    for name, text in CPUS.items():
        (tmp_path / name).write_text(f"processor\t: 0\n{text}\nprocessor\t: 1\n{text}")
    return lambda name: monkeypatch.setattr(machine, "CPUINFO", tmp_path / name)


@pytest.fixture
def compiled(tree: Tree) -> Tree:
    """The tiny project, whose step compiles for the machine that it runs on."""
    tree.change("pipelines/npz/pipeline.toml", 'environment = "numpy"', 'environment = "numpy"\nhost = true')
    return tree


def cell_of(tree: Tree) -> Cell:
    (cell,) = read_matrix(tree.build / "matrix.json").cells
    return cell


def test_each_kind_of_processor_has_an_artifact_of_its_own(
    compiled: Tree, call: Callable[..., Called], on: Callable[[str], None]
) -> None:
    found = {}
    for name in ("old", "new", "again"):
        on(name)
        assert call(*RUN).code == OK
        found[name] = cell_of(compiled)

    assert found["old"].processor.startswith(f"{platform.machine()}, features ")
    assert found["again"] == found["old"], "the order of features says nothing"
    assert found["new"].processor != found["old"].processor
    for kind in ("artifacts", "runs"):
        assert found["new"].entries[kind] != found["old"].entries[kind]
    assert f"{found['old'].processor}, and no other processor" in call("explain", "linear/npz/fp32").out


def test_the_gate_opens_on_another_machine(
    compiled: Tree, call: Callable[..., Called], on: Callable[[str], None]
) -> None:
    on("old")
    call(*RUN)

    on("new")

    assert call("gate", "-t", "npz").code == OK


def test_other_artifacts_are_for_any_processor(
    tree: Tree, call: Callable[..., Called], on: Callable[[str], None]
) -> None:
    on("old")
    call(*RUN)
    before = cell_of(tree)

    on("new")
    call(*RUN)

    assert cell_of(tree) == before
    assert before.processor == ""


def test_a_system_without_cpuinfo_tells_by_name(on: Callable[[str], None]) -> None:
    on("nowhere")

    assert machine.processor().split(", ")[0] == platform.machine()
