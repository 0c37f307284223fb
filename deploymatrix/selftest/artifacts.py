"""Mutants of artifacts: files that a transfer damaged, or that belong elsewhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from deploymatrix.project.dim_specs import Shape
from deploymatrix.project.plan import PlannedCell, Task, reference_id, samples_id
from deploymatrix.project.project import Model
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store

PARTS, RUN = 16, 8  # in each part of a file, a run of bytes is inverted


def damaged(store: Store, artifact: Entry, kind: str) -> Entry:
    """Keep a copy of the artifact whose largest file is damaged."""

    def change(folder: Path) -> None:
        largest = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        largest.write_bytes(DAMAGES[kind](largest.read_bytes()))

    return _kept(store, artifact, artifact.about, kind, change)


def renamed(store: Store, artifact: Entry, owner: Model, model: Model) -> Entry:
    """Keep a copy of `owner`'s artifact whose signature bears the names of `model`'s inputs and outputs."""
    signature = {
        side: {
            own.name: artifact.about["signature"][side][other.name]
            for own, other in zip(getattr(model.spec, side), getattr(owner.spec, side), strict=True)
        }
        for side in ("inputs", "outputs")
    }
    about = {**artifact.about, "signature": signature}
    return _kept(store, artifact, about, "other-model", lambda folder: None)


def lookalike(cell: PlannedCell, others: Iterable[PlannedCell]) -> PlannedCell | None:
    """Return a cell of the same target and variant whose model takes and gives tensors of the same kinds."""
    same = (o for o in others if (o.target.name, o.variant) == (cell.target.name, cell.variant))
    return next((o for o in same if o.model.name != cell.model.name and _tensors(o) == _tensors(cell)), None)


def run_task(cell: PlannedCell, source: str, kind: str) -> Task:
    """Return the task that runs the artifact of the task `source` on the samples of the cell's model."""
    return Task(
        id=f"run {cell.name} {kind}",
        kind="run",
        samples=samples_id(cell.model),
        reference=reference_id(cell.model),
        source=source,
        model=cell.model,
        variant=cell.variant,
        route=cell.route,
        target=cell.target,
    )


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    """Invert some bytes in the middle of each part: wherever a float32 begins, the exponent of one is among them."""
    changed = bytearray(content)
    for part in range(PARTS):
        at = (2 * part + 1) * len(content) // (2 * PARTS)
        for byte in range(at, min(at + RUN, len(content))):
            changed[byte] ^= 0xFF
    return bytes(changed)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {"truncated": _truncated, "bits-flipped": _flipped}


def _kept(store: Store, artifact: Entry, about: dict[str, Any], kind: str, change: Callable[[Path], None]) -> Entry:
    folder = Path(tempfile.mkdtemp(prefix=".mutant-", dir=store.folder("artifacts")))
    shutil.copytree(artifact.files, folder, dirs_exist_ok=True)
    change(folder)
    for path in (folder, *folder.rglob("*")):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)  # a container's user must read them
    made_from = {"artifact": artifact.digest, "mutant": kind, "about": about}
    return store.put("artifacts", digests.of_data(made_from), folder, about=about, made_from=made_from)


def _tensors(cell: PlannedCell) -> list[list[tuple[str, Shape]]]:
    return [[(t.dtype, t.shape) for t in side] for side in (cell.model.spec.inputs, cell.model.spec.outputs)]
