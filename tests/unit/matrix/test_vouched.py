"""Where the store has what decided a cell, it must say what the matrix says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.store import digests
from deploymatrix.store.store import Store
from tests.fakes.decided import edit, write
from tests.fakes.tree import Called, Tree

RUN = "2" * 64


@pytest.fixture
def store(tree: Tree) -> Store:
    """The entries of npz, as its record names them."""
    write(tree)
    store = Store(tree.build / "store")
    payload = tree.write("payload/artifact", "an artifact").parent
    artifact = store.put("artifacts", "1" * 64, payload, about={})
    run = store.put("runs", RUN, None, about={})

    def name_entries(cell: dict[str, Any]) -> None:
        about = {key: cell[key] for key in ("outcome", "detail", "outputs", "drift")}
        parts = {"run": run.digest}
        compared = store.put("cells", digests.of_data(parts), None, about=about, made_from=parts)
        cell["artifact"] = {"sha256": artifact.sha256, "bytes": artifact.bytes}
        cell["entries"] = {entry.record.kind: entry.record.key for entry in (artifact, run, compared)}

    edit(tree, name_entries)
    return store


@pytest.mark.usefixtures("store")
def test_what_agrees_is_believed(call: Callable[..., Called]) -> None:
    assert call("gate").code == OK


def test_a_matrix_without_a_store_is_believed_and_none_is_made(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    assert call("gate").code == OK
    assert not (tree.build / "store").exists()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cell: cell["outputs"][0].update(cosine=0.5), "its figures are not those of the store's comparison"),
        (lambda cell: cell.update(detail="fine"), "its drift or detail is not that of the store's comparison"),
        (lambda cell: cell["artifact"].update(sha256="f" * 64), "its artifact's digest is ffffffffffff…, that of the"),
    ],
)
def test_a_record_that_says_otherwise_closes_the_gate(
    tree: Tree, call: Callable[..., Called], change: Callable[[dict[str, Any]], Any], said: str
) -> None:
    edit(tree, change)

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"refused: linear/npz/fp32: {said}" in done.out


def test_a_green_record_of_a_red_comparison_closes_the_gate(
    tree: Tree, store: Store, call: Callable[..., Called]
) -> None:
    """Whoever invents all figures anew does not change the store."""
    about = {"outcome": "mismatch", "detail": "", "outputs": [], "drift": {}}
    (key,) = (folder.name for folder in store.folder("cells").iterdir())
    store.put("cells", key, None, about=about)

    assert "refused: linear/npz/fp32: the store's comparison says mismatch, not passed" in call("gate").out


def test_another_run_than_the_one_that_was_compared_closes_the_gate(store: Store, call: Callable[..., Called]) -> None:
    store.put("runs", RUN, None, about={"checks": []})

    assert "the store's run is not the one that was compared" in call("gate").out


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("record.json", "{}", "record.json is damaged"),
        ("files/artifact", "longer than it was", "artifact is not as long as it was"),
        ("files/artifact", None, "artifact is missing"),
    ],
)
def test_a_damaged_entry_closes_the_gate(
    store: Store, call: Callable[..., Called], file: str, text: str | None, said: str
) -> None:
    path: Path = store.root / "artifacts" / ("1" * 64) / file
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")

    done = call("gate")

    assert done.code == GATE_FAILED
    assert said in done.out


def test_an_edited_entry_closes_the_gate(store: Store, call: Callable[..., Called]) -> None:
    path = next(store.root.glob("cells/*/record.json"))
    path.write_text(path.read_text(encoding="utf-8").replace("passed", "mismatch"), encoding="utf-8")

    assert "record.json was changed after it was written" in call("gate").out
