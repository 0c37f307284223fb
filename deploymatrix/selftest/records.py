"""What became of each mutant, and of each cell that was decided again."""

from __future__ import annotations

from typing import Literal

from deploymatrix.matrix.frozen import Frozen
from deploymatrix.selftest.kinds import GOALS, Family

Fate = Literal["killed", "survived", "equivalent", "unusable"]
Fault = Literal["", "runtime", "quantiser"]


class Mutant(Frozen):
    """One mutant in one cell.

    `outcome` is the cell's with the mutant in place. `draws`: the samples by which alone it would have been noticed.
    `share`: of the limit, the largest of any output. `distance`: from the original in float64 (where there is no such,
    between answers), as a multiple of eager float32's own error; at most 1 means that no comparison in float32 can tell
    them apart. `probed`: the same on samples of another draw.

    `fault`, of a quantised artifact: of the runtime, which then is held against the graph as it was; or of the
    quantiser, whose graph is the wrong one, so that only its loss can tell. Where noise is judged, `distance` is a
    multiple of the noise that is there anyway: of the runtime's own, or of the quantised graph's.
    """

    model: str
    target: str
    format: str
    kind: str
    family: Family
    change: str
    fate: Fate
    outcome: str
    draws: tuple[int, ...] = ()
    share: float | None = None
    distance: float | None = None
    probed: float | None = None
    detail: str = ""
    variant: str = "fp32"
    fault: Fault = ""


class SelfTest(Frozen):
    """All mutants of one call, and the cells that could not be tested because they do not pass themselves."""

    isolation: str
    skipped: tuple[str, ...]
    mutants: tuple[Mutant, ...]

    @property
    def reached(self) -> bool:
        """Tell whether every family is at its goal, no control was killed, and anything was tested at all."""
        judged = [mutant for mutant in self.mutants if mutant.fate in ("killed", "survived")]
        wrong_controls = [mutant for mutant in judged if mutant.family == "control"]
        return bool(judged) and not wrong_controls and all(self.rate(f) >= goal for f, goal in GOALS.items())

    def rate(self, family: Family) -> float:
        """Return the share of a family's mutants that were killed, of those that could be; 1 where there is none."""
        fates = [m.fate for m in self.mutants if m.family == family and m.fate in ("killed", "survived")]
        return fates.count("killed") / len(fates) if fates else 1.0


class Again(Frozen):
    """A cell decided again, under `circumstances`: which seed, draw and number of threads."""

    cell: str
    circumstances: str
    outcome: str
    before: str
    share: float | None
    detail: str = ""


class Reds(Frozen):
    """All cells decided again. `changed` verdicts are false alarms, or chance."""

    isolation: str
    verdicts: tuple[Again, ...]

    @property
    def changed(self) -> tuple[Again, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.outcome != verdict.before)

    @property
    def reached(self) -> bool:
        """Tell whether there were verdicts, and none changed."""
        return bool(self.verdicts) and not self.changed
