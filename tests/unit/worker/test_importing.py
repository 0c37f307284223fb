"""Where a model's code finds modules: its folders before all else, its packages after all else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
LAID = """
import json, sys
from pathlib import Path
import colorsys, deploymatrix.worker.importing as importing
from deploymatrix.worker import reading

importing.lay(Path(sys.argv[1]), {"folders": sys.argv[2].split(), "packages": sys.argv[3]})
import layers, parts, lent, wave
print(json.dumps([layers.__file__, parts.__file__, lent.__file__, wave.__file__, reading.is_outside(lent.__file__)]))
"""


@pytest.fixture
def laid(tmp_path: Path) -> list[str]:
    for name in ("own/layers.py", "src/layers.py", "src/parts.py", "packages/lent.py", "packages/wave.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    model = tmp_path / "own" / "model.py"
    model.write_text("import parts, lent\n")
    folders = f"{tmp_path / 'own'} {tmp_path / 'src'}"
    command = [sys.executable, "-c", LAID, str(model), folders, str(tmp_path / "packages")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_folders_come_in_order_and_packages_behind_what_is_installed(laid: list[str], tmp_path: Path) -> None:
    layers, parts, lent, wave, _ = laid

    assert [layers, parts] == [str(tmp_path / "own" / "layers.py"), str(tmp_path / "src" / "parts.py")]
    assert lent == str(tmp_path / "packages" / "lent.py")
    assert not wave.startswith(str(tmp_path))


def test_a_package_is_no_file_of_the_users(laid: list[str]) -> None:
    assert laid[-1] is False
