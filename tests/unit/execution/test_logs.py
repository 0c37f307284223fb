"""The detail of a failure is the same bytes on every machine and in every run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploymatrix.execution.logs import stable_text
from deploymatrix.project.project import Project
from tests.fakes.tree import Tree


def installed(tree: Tree, root: Path, shipped: Path) -> Project:
    return replace(tree.project(), root=root, build=root / "build", shipped=shipped)


def test_no_tree_of_the_project_is_named(tree: Tree) -> None:
    project = installed(tree, Path("/someone/mine"), Path("/usr/lib/shipped"))

    text = stable_text(project, "/someone/mine/models/m/model.py called /usr/lib/shipped/pipelines/onnx/from_torch.py")

    assert text == "./models/m/model.py called ./pipelines/onnx/from_torch.py"


def test_a_shipped_tree_inside_the_users_folder_is_no_part_of_it(tree: Tree) -> None:
    project = installed(tree, Path("/someone/mine"), Path("/someone/mine/.venv/lib/deploymatrix/_shipped"))

    text = stable_text(project, "/someone/mine/.venv/lib/deploymatrix/_shipped/targets/onnx/run.py")

    assert text == "./targets/onnx/run.py"


def test_folders_of_one_task_and_addresses_are_left_out(tree: Tree) -> None:
    project = installed(tree, Path("/someone/mine"), Path("/usr/lib/shipped"))
    task = "0123456789abcdef" * 2

    text = stable_text(
        project,
        f"/someone/mine/build/work/x/{task}/out, /deploymatrix/inbox/{task}/0/files/m.onnx, "
        "/deploymatrix/rooms/1/task/out, <M at 0x7f0012345678>",
    )

    assert text == "<work>/out, <work>/0/files/m.onnx, <work>/out, <M at 0x…>"
