"""How long the command takes to answer when there is nothing to do: `--help`, `list`, `gate`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Figure, figure
from bench.setting import Setting, surroundings

TIMES = 5  # for each repeat: a fraction of a second is easily disturbed


def section(setting: Setting) -> list[Figure]:
    """Wall seconds of each, and of an interpreter that does nothing. `gate` reads the last run's matrix, if any."""
    build = setting.envs.parent
    engine = [sys.executable, "-m", "deploymatrix", "--root", str(setting.root), "--build-dir", str(build)]
    commands = {
        "interpreter": [sys.executable, "-c", "pass"],
        "help": [sys.executable, "-m", "deploymatrix", "--help"],
        "list": [*engine, "list", "cells"],
        "gate": [*engine, "gate"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(setting.repeats * TIMES):
        for name, command in commands.items():
            seconds[name].append(_seconds(command, setting.root))
    return [figure(f"startup.{name}", values, "s") for name, values in seconds.items()]


def _seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=surroundings(), capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 1, 4):  # the gate's verdicts: passed, red, incomplete
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return seconds
