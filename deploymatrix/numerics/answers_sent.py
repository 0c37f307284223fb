"""Whether what a runtime sent are answers: a tensor for each sample and declared output, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from .npy import MalformedArray, check

SAMPLE = re.compile(r"0|[1-9]\d{0,5}")
CHECK = re.compile(r"repeat-\d{1,3}|load|order|threads|together")


def sent_problem(folder: Path, outputs: Collection[str], samples: int, claimed: Collection[str] = ()) -> str:
    """Say what is wrong with the files below `folder`; nothing where all are answers.

    They are `<i>/<output>.npy`, and `again/<check>/<i>/<output>.npy`, as docs/reference/worker-protocol.md has them.
    outputs: those that the model declares; claimed: those that the runtime says it gave, which must be there.
    """
    for name in claimed:
        lacking = [index for index in range(samples) if not (folder / str(index) / f"{name}.npy").is_file()]
        if name not in outputs or lacking:
            where = f" for sample {lacking[0]}" if lacking else ""
            return f"it says that it gave output {name[:200]!r}, and sent none{where}"
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
