"""What tasks read beside what their keys name: which files count, by which name, and when they have changed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from deploymatrix.execution.keys import Keys
from deploymatrix.execution.reads import CHANGING, Reads, changed_reads
from deploymatrix.matrix.records import Cell
from deploymatrix.project.plan import Selection, Task, plan_cells, plan_tasks
from tests.fakes.tree import Tree

LATER = 3600.0


def tasks(tree: Tree) -> dict[str, Task]:
    return plan_tasks(plan_cells(tree.project(), Selection()))


def noted(tree: Tree, task: str, *files: Path, since: float | None = None) -> Reads:
    """What a run keeps that has just done the task."""
    reads = Reads(tree.project())
    reads.note(tasks(tree)[task], [str(file) for file in files], time.time() + LATER if since is None else since)
    return reads


def beside(tree: Tree, name: str, *, pythonpath: str = "") -> Path:
    """A file of the folder src beside the project, in which the model finds modules where its model.toml says so."""
    file = tree.root.parent / "src" / name
    file.parent.mkdir(parents=True)
    file.write_text("FACTOR = 2\n")
    if pythonpath:
        toml = tree.root / "models/linear/model.toml"
        tree.write("models/linear/model.toml", f'pythonpath = ["{pythonpath}"]\n{toml.read_text(encoding="utf-8")}')
    return file


def cell_with(reads: dict[str, str]) -> Cell:
    return Cell(
        model="linear", framework="numpy", family="other", target="npz", variant="fp32", route=(), steps=(),
        outcome="passed", reads=reads,
    )  # fmt: skip


def test_what_the_key_names_already_and_what_a_run_generates_do_not_count(tree: Tree, tmp_path: Path) -> None:
    tree.write("build/work/x.npy", "generated")
    tree.write("models/linear/vocabulary.txt", "beside the model")
    inside = ["models/linear/model.py", "models/linear/vocabulary.txt", "build/work/x.npy"]
    framework = tree.root / "pipelines/frameworks/numpy/framework.py"
    outside = tmp_path / "library.py"
    outside.write_text("FACTOR = 2\n")

    reads = noted(tree, "reference linear", framework, *(tree.root / name for name in inside), outside, tmp_path)

    assert list(reads.of("reference linear")) == [str(outside)]


def test_a_hidden_file_beside_the_model_counts(tree: Tree) -> None:
    hidden = tree.write("models/linear/.weights", "no part of the model's digest")

    assert list(noted(tree, "reference linear", hidden).of("reference linear")) == ["models/linear/.weights"]


def test_another_models_file_counts_for_the_step_that_reads_it(tree: Tree) -> None:
    file = tree.root / "models/linear/model.py"

    reads = noted(tree, "export linear numpy>npz>wrapped fp32", file)

    assert list(reads.of("export linear numpy>npz>wrapped fp32")) == ["models/linear/model.py"]


def test_a_link_to_the_project_changes_no_name(tree: Tree, tmp_path: Path) -> None:
    tree.write("shared/weights.bin", "1")
    (tmp_path / "link").symlink_to(tree.root)
    through_link = Tree(tmp_path / "link")

    reads = noted(through_link, "reference linear", tree.root / "shared/weights.bin")

    assert list(reads.of("reference linear")) == ["shared/weights.bin"]


def test_code_beside_the_project_has_the_same_name_in_every_checkout(tree: Tree, tmp_path: Path) -> None:
    """Else a copy of both would be judged by the files of the other one."""
    file = beside(tree, "parts/head.py", pythonpath="../../../src")
    digests = noted(tree, "reference linear", file).of("reference linear")
    copy = Tree(shutil.copytree(tree.root, tmp_path / "copy" / "project"))
    copied = beside(copy, "parts/head.py")
    file.unlink()

    assert list(digests) == ["../src/parts/head.py"]
    assert changed_reads(copy.project(), [cell_with(digests)]) == {}
    copied.write_text("FACTOR = 3\n")
    assert changed_reads(copy.project(), [cell_with(digests)]) == {"linear/npz/fp32": ("../src/parts/head.py",)}


def test_code_that_lies_at_one_place_is_named_by_it(tree: Tree, tmp_path: Path) -> None:
    file = beside(tree, "parts/head.py", pythonpath=(tmp_path / "src").as_posix())

    assert list(noted(tree, "reference linear", file).of("reference linear")) == [str(file)]


def test_a_link_to_code_beside_the_project_changes_no_name(tree: Tree, tmp_path: Path) -> None:
    file = beside(tree, "parts/head.py", pythonpath="../../../linked")
    (tmp_path / "linked").symlink_to(tmp_path / "src")

    reads = noted(tree, "reference linear", file)

    assert list(reads.of("reference linear")) == ["../linked/parts/head.py"]


def test_the_next_run_knows_what_was_read_and_sees_what_changed(tree: Tree) -> None:
    file = tree.write("shared/weights.bin", "1")
    reads = noted(tree, "reference linear", file)
    reads.save()
    before = Reads(tree.project()).of("reference linear")
    file.write_text("22")

    after = Reads(tree.project()).of("reference linear")

    assert before == reads.of("reference linear") and before != after
    key = Keys(tree.project()).reference(tree.project().models["linear"])
    assert key.with_reads(after).changes_since(key.with_reads(before).parts) == ["reads (shared/weights.bin)"]
    assert key.with_reads({}) == key


def test_a_file_that_changes_while_it_is_read_is_like_no_other(tree: Tree) -> None:
    file = tree.write("shared/weights.bin", "1")

    reads = noted(tree, "reference linear", file, since=os.stat(file).st_ctime - 1)

    assert reads.of("reference linear") == {"shared/weights.bin": CHANGING}
    assert Reads(tree.project()).of("reference linear") == {}


def test_a_cell_has_what_any_of_its_tasks_read(tree: Tree) -> None:
    one, two = tree.write("shared/one.bin", "1"), tree.write("shared/two.bin", "2")
    planned = plan_tasks(plan_cells(tree.project(), Selection()))
    reads = noted(tree, "reference linear", one)
    reads.note(planned["export linear numpy>npz fp32"], [str(two)], time.time() + LATER)

    assert list(reads.of_all(["reference linear"])) == ["shared/one.bin"]
    assert list(reads.of_all(planned)) == ["shared/one.bin", "shared/two.bin"]


def test_the_record_of_a_cell_tells_what_has_changed_or_is_gone(tree: Tree) -> None:
    one, two = tree.write("shared/one.bin", "1"), tree.write("shared/two.bin", "2")
    digests = noted(tree, "reference linear", one, two).of("reference linear")
    cell = cell_with(digests)
    assert changed_reads(tree.project(), [cell]) == {}

    one.write_text("11")
    two.unlink()

    assert changed_reads(tree.project(), [cell]) == {"linear/npz/fp32": ("shared/one.bin", "shared/two.bin")}
