"""The probe: two tasks, one after the other, that ask twelve questions of where they run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.hostile import projects
from tests.hostile.judging import run

LIMIT_S = 120


def probed(root: Path, target: str) -> dict[str, Any]:
    """What the second probe found in the target's image: questions, granted, packages, interfaces.

    The first one has left a process behind.
    """
    ground = projects.of_behaviours(root, target, ["probe", "probe.again"], projects.NEIGHBOURS[:1])
    ended = run(ground, "docker", LIMIT_S, jobs=1)
    logs = (ground.tree.build / "logs").glob("run-probe*")
    said = [log.read_text(encoding="utf-8") for log in sorted(logs, key=lambda log: log.stat().st_mtime)]
    answers = [json.loads(line) for text in said for line in re.findall(r"^PROBE (.*)$", text, re.MULTILINE)]
    assert len(answers) == 2, f"{ended.code}: {ended.err[-3000:]} {said}"
    found: dict[str, Any] = answers[-1]
    return found
