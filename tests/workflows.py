"""The GitHub action and workflow as data, and their scripts run as GitHub runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.documented import REPOSITORY

ACTION = REPOSITORY / "action.yml"
WORKFLOW = REPOSITORY / ".github" / "workflows" / "matrix.yml"
ZOO = WORKFLOW.with_name("zoo.yml")


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def steps_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = data["jobs"].values() if "jobs" in data else [data["runs"]]
    return [step for job in jobs for step in job["steps"]]


def run_script(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A step's script as GitHub runs it, with the command on the path."""
    shim = folder / "bin" / "deploymatrix"
    if not shim.exists():
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deploymatrix "$@"\n')
        shim.chmod(0o755)
        (folder / "bin" / "python").symlink_to(sys.executable)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "PYTHONPATH": str(REPOSITORY), "GITHUB_OUTPUT": str(folder / "output"), **variables}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True)


def script_of(path: Path, key: str, value: str) -> str:
    script: str = next(step["run"] for step in steps_of(load(path)) if step.get(key) == value)
    return script
