"""Mutants of artifacts: copies in the store, damaged or under other names; the original stays as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.selftest.artifacts import damaged, lookalike, renamed
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store
from tests.fakes.tree import Tree

WEIGHTS = np.linspace(1, 2, 1000, dtype=np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def artifact(store: Store, tmp_path: Path) -> Entry:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"x" + WEIGHTS.tobytes())  # no float32 lies at a multiple of four
    (folder / "note.txt").write_text("small")
    about = {"entry": "model.bin", "signature": {"inputs": {"x": {"name": "0"}}, "outputs": {"y": {"name": "1"}}}}
    return store.put("artifacts", "original", folder, about=about)


def test_a_truncated_copy_is_half_of_the_largest_file(store: Store, artifact: Entry) -> None:
    mutant = damaged(store, artifact, "truncated")

    assert (mutant.files / "model.bin").read_bytes() == (artifact.files / "model.bin").read_bytes()[:2000]
    assert (mutant.files / "note.txt").read_text() == "small"
    store.verify(artifact)
    store.verify(mutant)


def test_flipped_bits_change_exponents_wherever_weights_begin(store: Store, artifact: Entry) -> None:
    mutant = damaged(store, artifact, "bits-flipped")

    read = np.frombuffer((mutant.files / "model.bin").read_bytes()[1:], dtype=np.float32)
    with np.errstate(invalid="ignore"):
        far = ~((read > WEIGHTS / 2) & (read < WEIGHTS * 2))
    assert far.sum() >= 16


def test_the_same_damage_is_the_same_entry(store: Store, artifact: Entry) -> None:
    assert damaged(store, artifact, "truncated").digest == damaged(store, artifact, "truncated").digest


def test_another_models_artifact_takes_over_the_names_of_a_model_like_it(
    store: Store, tree: Tree, tmp_path: Path
) -> None:
    tree.add_model("twin")
    cells = plan_cells(tree.project(), Selection(targets=("npz",)))

    other = lookalike(cells[0], cells)

    assert other is not None and (cells[0].model.name, other.model.name) == ("linear", "twin")
    folder = tmp_path / "owned"
    folder.mkdir()
    (folder / "model.npz").write_bytes(b"weights")
    signature = {"inputs": {"x": {"name": "0"}}, "outputs": {"left": {"name": "1"}, "right": {"name": "2"}}}
    owned = store.put("artifacts", "owned", folder, about={"entry": "model.npz", "signature": signature})
    copy = renamed(store, owned, other.model, cells[0].model)
    assert copy.about["signature"] == signature and (copy.files / "model.npz").read_bytes() == b"weights"


def test_a_model_alone_has_no_lookalike(tree: Tree) -> None:
    cells = plan_cells(tree.project(), Selection())

    assert [lookalike(cell, cells) for cell in cells] == [None, None, None]
