from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.project import Project
from deploymatrix.project.selecting import selected
from deploymatrix.project.starter import FILES, TEMPLATES, write_project
from deploymatrix.project.trees import read_settings, tree_below


def test_the_new_projects_model_has_a_route_to_every_shipped_target(tmp_path: Path) -> None:
    write_project(tmp_path / "new")
    root = tmp_path / "new"
    settings = read_settings(root)
    project = Project(
        root=root,
        build=root / "build",
        shipped=tree_below(root, settings),
        shipped_models=settings.shipped_models,
    )
    cells = plan_cells(project, selected(project))
    assert {cell.model.name for cell in cells} == {"digits"}
    assert {cell.target.name for cell in cells} == set(project.targets)
    assert all(cell.route is not None for cell in cells if "reach" not in cell.target.spec.tags)
    unsupported = [cell for cell in plan_cells(project, Selection()) if cell.route is None]
    told = [project.pipelines[cell.target.spec.format].unsupported for cell in unsupported]
    assert all(cell.variant in reasons for cell, reasons in zip(unsupported, told, strict=True))


def test_every_template_is_written_and_every_one_is_used(tmp_path: Path) -> None:
    written = write_project(tmp_path)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert set(FILES) == {p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*") if p.is_file()}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"noxfile\.py is there already"):
        write_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["noxfile.py"]
    assert (tmp_path / "noxfile.py").read_text() == "mine"


def test_the_noxfile_has_three_lines(tmp_path: Path) -> None:
    write_project(tmp_path)
    text = (tmp_path / "noxfile.py").read_text()
    assert len(text.splitlines()) == 3
    assert ast.parse(text)
