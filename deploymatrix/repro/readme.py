"""The README.md of a cell's bundle."""

from __future__ import annotations

from deploymatrix.environments.lockfile import read_lock
from deploymatrix.printable import printable
from deploymatrix.repro.evidence import Evidence


def readme(evidence: Evidence) -> str:
    cell, task = evidence.cell, evidence.task
    outcome = f"{cell.outcome} in stage {cell.stage}" if cell.stage else cell.outcome
    detail = "".join(f"    {line}\n" for line in [outcome, *printable(cell.detail).splitlines()])
    blame = f"The step that is at fault: `{cell.blame}`.\n\n" if cell.blame else ""
    install, run, image = _commands(evidence)
    docker = " && ".join([*(line.replace("-r ", "-r /repro/") for line in install), run.replace(" ", " /repro/")])
    if evidence.runner == "node":
        docker = f"cp -r /repro /tmp/repro && cd /tmp/repro && {' && '.join([*install, run])}"
    return (
        f"# {cell.name}\n\nWhat the run recorded of `{task.id}`:\n\n{detail}\n"
        f"{blame}## Reproduce it\n\nIn a fresh environment, in this folder:\n\n"
        f"{''.join(f'    {line}{chr(10)}' for line in [*install, run])}\n"
        f"or in a container:\n\n    docker run --rm -v \"$PWD\":/repro:ro {image} sh -c '{docker}'\n\n"
        "It exits with 0 when the cell passes and with 1 when it fails; it prints each output's error,\n"
        "max|y - y64| / max|y64|, beside the limit.\n\n"
        "`bundle.json` holds the request; `worker/` serves it in a process of its own, with the run's limits of time\n"
        "and memory.\n"
    )


def _commands(evidence: Evidence) -> tuple[list[str], str, str]:
    """What installs, what runs, and the image to do both in."""
    if evidence.runner == "node":
        return ["npm ci"], f"node {evidence.program}", "node:22-bookworm-slim"
    install = ["python -m pip install --no-deps --require-hashes -r requirements.txt"]
    if read_lock(evidence.lock).unhashed():
        install.append("python -m pip install -r requirements-any-build.txt")  # any build serves, also a small one
    return install, f"python {evidence.program}", "python:3.11-slim-bookworm"
