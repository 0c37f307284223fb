"""The page in a real browser: each file of checks/ is run by Node with Playwright against pages made here.

What is measured on the large page is shown with `pytest -rP`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploymatrix.environments.interpreters import ensure_node
from deploymatrix.project.findings import read_findings
from deploymatrix.report.write import write_reports
from tests.fakes.matrices import earlier_matrix, full_matrix, large_matrix, write_run
from tests.fakes.states import states
from tests.runtimes import SHIPPED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKS = sorted(path.stem for path in (HERE / "checks").glob("*.mjs"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.mark.parametrize("check", CHECKS)
def test_page(check: str, pages: tuple[Path, ...], node: Path, browser: str) -> None:
    variables = {**os.environ, "NODE_MODULES": str(node / "node_modules"), "BROWSER_PATH": browser}
    command = [str(node / "bin" / "node"), str(HERE / "check.mjs"), check, *map(str, pages)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=180, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def browser() -> str:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")
    return path


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """A page with every outcome and an earlier matrix, one of 1000 models on 14 targets, and a folder of states."""
    folder = tmp_path_factory.mktemp("pages")
    full = full_matrix()
    before = write_run(folder / "v0.9", earlier_matrix(full))
    write_reports(write_run(folder / "now", full), folder / "small", [before], read_findings(SHIPPED))
    write_reports(write_run(folder / "many", large_matrix()), folder / "large")
    for name, matrix in states().items():
        write_reports(write_run(folder / name, matrix), folder / "states" / name)
    return folder / "small" / "index.html", folder / "large" / "index.html", folder / "states"


@pytest.fixture(scope="session")
def node(browser: str) -> Path:
    """Node, and Playwright as package-lock.json pins it; it drives the browser that is there and downloads none."""
    node_lock = ROOT / "docker" / "node" / "requirements.lock"
    return ensure_node("tests-browser", HERE / "package-lock.json", node_lock, ROOT / "build" / "envs", print)
