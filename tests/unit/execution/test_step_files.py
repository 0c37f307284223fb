"""Which files of a folder a step, or what evaluates the format, depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.execution.step_files import files_of, with_neighbours

FOLDER = {
    "from_torch.py": 'rewrites = beside("rewrites")',
    "from_npz.py": 'quantising = beside("quantising.py")',
    "evaluate.py": "import kernels",
    "noise.py": "beside('evaluate')",
    "rewrites.py": "beside('tables')",
    "tables.py": "",
    "quantising.py": "",
    "kernels.py": "beside('tables')",
    "unnamed.py": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "neighbours"),
    [
        ("from_torch.py", ["rewrites.py", "tables.py", "unnamed.py"]),
        ("from_npz.py", ["quantising.py", "unnamed.py"]),
        ("evaluate.py", ["kernels.py", "tables.py", "unnamed.py"]),
    ],
)
def test_what_only_others_name_does_not_count(folder: Path, module: str, neighbours: list[str]) -> None:
    assert with_neighbours(folder / module) == [folder / name for name in [module, *neighbours]]


def test_a_name_that_appears_counts_at_once(folder: Path) -> None:
    assert folder / "tables.py" not in with_neighbours(folder / "from_npz.py")

    (folder / "quantising.py").write_text("from tables import *  # noqa")

    assert folder / "tables.py" in with_neighbours(folder / "from_npz.py")


def test_a_module_may_name_a_file_of_another_format(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "evaluate.py").write_text('beside("../npz/graphs.py"), beside("../npz/gone.py")')
    (tmp_path / "npz").mkdir()
    (tmp_path / "npz/graphs.py").write_text('beside("../variants/levels.py")')
    (tmp_path / "variants").mkdir()
    (tmp_path / "variants/levels.py").write_text("")

    files = files_of(other / "evaluate.py")

    found = [other / "evaluate.py", tmp_path / "npz/graphs.py", tmp_path / "variants/levels.py"]
    assert [path.resolve() for path in files] == found
