"""The grid of artifacts by versions of a runtime, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.skew import Artifact, Rung
from deploymatrix.report.symbols import SYMBOLS


def skew_text(name: str, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Yield the lines: for each artifact its versions, the oldest first, and where what passes begins."""
    for artifact in artifacts:
        cell = artifact.rungs[0].cell
        made = " → ".join(cell.route)
        digest = f", sha256:{cell.artifact.sha256[:12]}" if cell.artifact else ""
        yield f"{name}: {made}, {options_words(artifact.options)}{digest}"
        if artifact.why:
            yield f"  {artifact.why}"
        width = max(len(rung.version) for rung in artifact.rungs)
        yield from (f"  {rung.version:<{width}}  {_found(rung)}" for rung in artifact.rungs)
        yield f"  {boundary(artifact)}"
    yield from _remedies(artifacts)


def boundary(artifact: Artifact) -> str:
    """Say from which version on it passes, and which one is the last that does not."""
    if not artifact.last_failing:
        return "passes on every version"
    first = f"passes from {artifact.first} on" if artifact.first else "does not pass on the newest version"
    return f"{first}; the last that fails: {artifact.last_failing}"


def options_words(options: object) -> str:
    """Say what the last step was given besides its own options."""
    given = options if isinstance(options, dict) else {}
    return ", ".join(f"{name} = {value!r}" for name, value in given.items()) or "with the step's own options"


def _found(rung: Rung) -> str:
    cell = rung.cell
    words = f"{SYMBOLS[cell.outcome].character} {cell.outcome}"
    if rung.passes:
        used = worst_headroom(cell)
        return words if used is None else f"{words}, {used:.0%} of its limit"
    last = cell.detail.strip().splitlines()[-1] if cell.detail.strip() else ""
    return f"{words}: {last}" if last else words


def _remedies(artifacts: Iterable[Artifact]) -> Iterator[str]:
    """Yield what to write into model.toml for each artifact that more versions take than take the first."""
    first, *others = artifacts
    for artifact in others:
        gained = [r.version for r, old in zip(artifact.rungs, first.rungs, strict=True) if r.passes and not old.passes]
        lost = [r.version for r, old in zip(artifact.rungs, first.rungs, strict=True) if old.passes and not r.passes]
        if gained:
            format_ = artifact.rungs[0].cell.route[-1]
            keys = ", ".join(f"{name} = {value!r}" for name, value in artifact.options.items())
            yield f"to widen it to {', '.join(gained)}: [routes.{format_}] options = {{ {keys} }} in model.toml"
            if lost:
                yield f"  it loses {', '.join(lost)}"
