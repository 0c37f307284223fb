"""What a model imports, read from its text: packages of the environment are imported ahead, its own files never."""

from __future__ import annotations

import sys
from pathlib import Path

from deploymatrix.worker import warming
from deploymatrix.worker.warming import import_packages_of, is_of_the_environment, wanted

MODEL = """
import os.path, layers
from xml.dom import minidom
from . import relative
try:
    import colorsys
except ImportError:
    colorsys = None

def build():
    import late
"""


def test_imports_at_the_top_are_found_also_by_way_of_neighbours(tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text(MODEL)
    (tmp_path / "layers.py").write_text("import wave\nimport model\nraise RuntimeError('nobody runs this')\n")

    found = list(wanted(model, set(), True))

    assert found == [("os.path", ()), ("wave", ()), ("xml.dom", ("minidom",)), ("colorsys", ())]


def test_a_module_of_a_framework_has_no_neighbours(tmp_path: Path) -> None:
    """sources/transformers.py imports transformers: the installed one, not itself."""
    source = tmp_path / "transformers.py"
    source.write_text("import transformers\n")

    assert list(wanted(source, set(), False)) == [("transformers", ())]


def test_only_what_the_environment_holds_is_imported(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix_users_module.py").write_text("raise RuntimeError('nobody runs this')\n")
    model = tmp_path / "models" / "model.py"
    model.parent.mkdir()
    model.write_text("import deploymatrix_users_module, deploymatrix_is_nowhere, wave\n")
    sys.modules.pop("wave", None)
    sys.path.insert(0, str(tmp_path))

    assert not is_of_the_environment("deploymatrix_users_module")
    import_packages_of(model, with_neighbours=True)

    sys.path.remove(str(tmp_path))
    assert "wave" in sys.modules and "deploymatrix_users_module" not in sys.modules


def test_a_broken_model_is_left_to_its_child(tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text("import (\n")

    assert list(wanted(model, set(), True)) == []
    assert list(warming.imports_of(tmp_path / "nowhere.py")) == []
