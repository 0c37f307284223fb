"""Whether what a runtime sent are answers: a tensor for each sample and declared output, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from .npy import MalformedArray, check

SAMPLE = re.compile(r"0|[1-9]\d{0,5}")
CHECK = re.compile(r"repeat-\d{1,3}|load|order|threads|together")


def sent_problem(folder: Path, outputs: Collection[str], samples: int) -> str:
    """Say what is wrong with the files below `folder`; nothing where all are answers.

    They are `<i>/<output>.npy`, and `again/<check>/<i>/<output>.npy`, as docs/reference/worker-protocol.md has them.
    """
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            parts = file.relative_to(folder).parts
            if not is_answer(parts, outputs, samples):
                return f"it sent {'/'.join(parts)[:200]!r}, which is no answer: no sample has a declared output there"
            try:
                check(file)
            except MalformedArray as error:
                return f"its answer {'/'.join(parts)} is malformed: {error}"
    return ""


def is_answer(parts: tuple[str, ...], outputs: Collection[str], samples: int) -> bool:
    if parts[0] == "again" and len(parts) == 4 and CHECK.fullmatch(parts[1]):
        parts = parts[2:]
    if len(parts) != 2 or not SAMPLE.fullmatch(parts[0]) or int(parts[0]) >= samples:
        return False
    return parts[1].endswith(".npy") and parts[1].removesuffix(".npy") in outputs
