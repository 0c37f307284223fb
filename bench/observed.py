"""Runs the command in this process and then tells what it did: `python -m bench.observed REPORT ARGUMENTS…`.

REPORT gets one JSON object: the processes that it started, the frameworks that it imported, and the CPU seconds of
itself and of its children, and theirs, that have ended.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "onnx", "onnxruntime", "litert_torch", "executorch", "tf_keras")
STARTING = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec"})


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One call of the command: wall seconds from the interpreter's start to its end, and what it reported."""

    wall_s: float
    code: int
    processes: int
    frameworks: tuple[str, ...]
    own_cpu_s: float
    children_cpu_s: float


def observe(arguments: list[str], report: Path, variables: dict[str, str]) -> Observed:
    """The command in a process of its own. Raise RuntimeError when it broke: 0 and 1 are verdicts, others are not."""
    report.unlink(missing_ok=True)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.observed", str(report), *arguments], env=variables, capture_output=True, text=True
    )
    wall_s = time.perf_counter() - start
    if done.returncode not in (0, 1) or not report.is_file():
        raise RuntimeError(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    found = json.loads(report.read_text(encoding="utf-8"))
    return Observed(wall_s=wall_s, code=done.returncode, **{**found, "frameworks": tuple(found["frameworks"])})


def main(report: Path, arguments: list[str]) -> None:
    started = 0

    def watch(event: str, _: tuple[Any, ...]) -> None:
        nonlocal started
        started += event in STARTING

    sys.addaudithook(watch)
    sys.argv = ["deploymatrix", *arguments]
    from deploymatrix.cli import main as command

    try:
        command()
    finally:
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        found = {
            "processes": started,
            "frameworks": [name for name in FRAMEWORKS if name in sys.modules],
            "own_cpu_s": own.ru_utime + own.ru_stime,
            "children_cpu_s": children.ru_utime + children.ru_stime,
        }
        report.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
