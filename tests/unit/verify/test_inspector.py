"""What an artifact says of itself and answers, asked through a pool of workers that has its replies ready."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.execution.outcomes import Failed
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.local import Host
from deploymatrix.host.messages import Reply
from deploymatrix.project.project import Project
from deploymatrix.verify.artifacts import InspectedArtifact, Lookup, Slot
from deploymatrix.verify.inspector import Inspector
from tests.fakes.pool import FakePool
from tests.fakes.tree import Tree


def described(project: Project, folder: Path, reply: Reply) -> InspectedArtifact | Failed:
    """What the inspector makes of a worker's reply to `describe`."""
    artifact = folder / "it.npz"
    artifact.write_bytes(b"")
    pool = FakePool(folder / "work", faults={("describe", "npz"): reply})
    inspector = Inspector(project, Host(HostFacts(project, "process"), pool), timeout_s=1)
    return inspector.describe(artifact, "npz")


def test_what_a_format_does_not_tell_stays_open(tree: Tree, tmp_path: Path) -> None:
    slot = {"dtype": None, "shape": [None, 4]}
    reply = Reply("ok", "describe", value={"inputs": {"x": slot}, "outputs": None, "versions": {"numpy": "2"}})

    found = described(tree.project(), tmp_path, reply)

    assert isinstance(found, InspectedArtifact)
    assert found.inputs == {"x": Slot(dtype=None, shape=(None, 4))}
    assert found.outputs is None
    assert found.versions == {"numpy": "2"}


def test_lookups_are_told_once_each(tree: Tree, tmp_path: Path) -> None:
    entry = {"input": "ids", "table": "token.weight", "rows": 256}
    told = {"inputs": None, "outputs": None, "versions": {}, "lookups": [entry, entry], "unread": None}

    found = described(tree.project(), tmp_path, Reply("ok", "describe", value=told))

    assert isinstance(found, InspectedArtifact)
    assert found.lookups == (Lookup(input="ids", table="token.weight", rows=256),)


def test_a_failure_names_no_folder_of_this_machine(tree: Tree, tmp_path: Path) -> None:
    """The user's own folder lies elsewhere than the shipped targets, as after an install from a wheel."""
    shipped, mine = tree.root, tmp_path / "mine"
    (mine / "models").mkdir(parents=True)
    project = replace(tree.project(), root=mine, build=mine / "build", shipped=shipped)
    message = f"{shipped}/targets/npz/run.py, {mine}/models and {mine}/build/store"
    reply = Reply("error", "load", error={"type": "ValueError", "message": message})

    found = described(project, tmp_path, reply)

    assert isinstance(found, Failed)
    assert found.detail == "ValueError: ./targets/npz/run.py, ./models and build/store"


@pytest.mark.parametrize("status", ["signaled", "timed_out"])
def test_a_fault_of_the_runtime_is_an_outcome(tree: Tree, tmp_path: Path, status: str) -> None:
    found = described(tree.project(), tmp_path, Reply(status, "load", signal="SIGSEGV"))

    assert isinstance(found, Failed)
    assert found.outcome == {"signaled": "crashed", "timed_out": "timed_out"}[status]
    assert found.stage == "load"


def test_a_timeout_names_its_seconds_and_the_option(tree: Tree, tmp_path: Path) -> None:
    found = described(tree.project(), tmp_path, Reply("timed_out", "load"))

    assert isinstance(found, Failed)
    assert re.fullmatch(r"no answer within \d+ s, in stage load \(--timeout\)", found.detail)


def test_outputs_that_nobody_can_read_are_a_failed_run(tree: Tree, tmp_path: Path) -> None:
    """The worker says `ok` and leaves nothing: no abort, and no folder of this machine in what is told."""
    project = tree.project()
    told = {"missing": [], "extra": [], "versions": {}}
    pool = FakePool(tmp_path / "work", faults={("run", "npz"): Reply("ok", "run", value=told)})
    inspector = Inspector(project, Host(HostFacts(project, "process"), pool), timeout_s=1)
    target = project.targets["npz"]
    artifact = InspectedArtifact(path=tmp_path, target=target, payload=tmp_path, inputs=None, outputs=None, versions={})

    found = inspector.run(artifact, [{"x": np.ones(1)}], ["y"])

    assert isinstance(found, Failed)
    assert (found.outcome, found.stage) == ("run_failed", "run")
    assert found.detail.startswith("its runtime left no readable outputs: ")
