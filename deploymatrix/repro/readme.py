"""The README.md of a cell's bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploymatrix.environments.plain_locks import plain_lock, plain_packages
from deploymatrix.host.recipes import EXPORTERS_IMAGE
from deploymatrix.printable import printable

if TYPE_CHECKING:
    from deploymatrix.repro.evidence import Evidence


def readme(evidence: Evidence) -> str:
    cell, task = evidence.cell, evidence.task
    outcome = f"{cell.said} in stage {cell.stage}" if cell.stage else cell.said
    detail = "".join(f"    {line}\n" for line in [outcome, *printable(cell.detail).splitlines()])
    blame = f"The step that is at fault: `{cell.blame}`.\n\n" if cell.blame else ""
    install, run, image = _commands(evidence)
    docker = " && ".join(["cp -r /repro /tmp/repro", "cd /tmp/repro", *install, run])
    return (
        f"# {cell.name}\n\nWhat the run recorded of `{task.id}`:\n\n{detail}\n"
        f"{blame}## Reproduce it\n\nIn a fresh environment, in this folder:\n\n"
        f"{''.join(f'    {line}{chr(10)}' for line in [*install, run])}\n"
        f"or in a container:\n\n    docker run --rm -v \"$PWD\":/repro:ro {image} sh -c '{docker}'\n\n"
        "It exits with 0 when the cell passes and with 1 when it fails; it prints each output's error,\n"
        "max|y - y64| / max|y64|, beside the limit, and the worst share of a limit, of the whole or of any slice.\n\n"
        "`bundle.json` holds the request; `worker/` serves it in a process of its own, with the run's limits of time\n"
        "and memory.\n"
    )


def _commands(evidence: Evidence) -> tuple[tuple[str, ...], str, str]:
    """Return what installs, what runs, and the image to do both in."""
    install = plain_lock(evidence.recipe.installer, evidence.recipe.lock).install
    if evidence.packages is not None:
        install = (*install, *plain_packages(evidence.packages.lock).install)
    image = evidence.runner.spec.base if evidence.runner else EXPORTERS_IMAGE
    return install, f"{evidence.worker.command[0]} {evidence.program}", image
