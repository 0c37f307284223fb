"""One call of `selftest`: a host, the cells under test, and what is done to them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from deploymatrix.errors import NothingSelected
from deploymatrix.execution.executor import Execution
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.isolation import IsolationChoice
from deploymatrix.host.local import Host, local_host
from deploymatrix.host.model_locks import require_locks
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells
from deploymatrix.project.project import Project
from deploymatrix.project.trust import require_trust
from deploymatrix.say import Say
from deploymatrix.selftest.making import Extent, make_and_judge
from deploymatrix.selftest.progress import Counting
from deploymatrix.selftest.quantised import make_quantised
from deploymatrix.selftest.records import Reds, SelfTest
from deploymatrix.selftest.reds import decide, repetitions
from deploymatrix.selftest.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Call:
    """Which cells, in which isolation. `jobs` 0: as many tasks at a time as there are cores."""

    project: Project
    selection: Selection
    isolation: IsolationChoice = "auto"
    jobs: int = 0

    @property
    def width(self) -> int:
        return self.jobs or os.cpu_count() or 1


def kill_mutants(call: Call, extent: Extent, say: Say) -> SelfTest:
    """Make mutants of the selected cells and judge them. Raise NothingSelected where no cell passes."""
    with local_host(call.project, call.isolation, jobs=call.width, say=say) as host:
        bench = _workbench(call, host, say)
        cells, skipped = _passing(call, bench, say)
        mutants = [*make_and_judge(bench, cells, extent), *make_quantised(bench, cells, extent)]
        order = sorted(mutants, key=lambda m: (m.kind, m.model, m.target, m.change))
        return SelfTest(isolation=host.facts.isolation, skipped=tuple(skipped), mutants=tuple(order))


def look_for_reds(call: Call, verdicts: int, say: Say) -> Reds:
    """Decide the selected cells again, with one thread and with more. Raise NothingSelected where no cell passes."""
    cores = os.cpu_count() or 1
    with local_host(call.project, call.isolation, jobs=cores, say=say) as host:
        bench = _workbench(call, host, say)
        cells, _ = _passing(call, bench, say)
        again = repetitions(bench, cells, draws=math.ceil(verdicts / (2 * len(cells))))
        found = decide(bench, again, threads=1)
    with local_host(call.project, call.isolation, jobs=1, say=say) as host:
        threaded = _workbench(call, host, say, fresh=True)
        threaded.take_over(bench, without="run")
        redrawn = [repetition for repetition in again if repetition.circumstances.startswith("draw")]
        found += decide(threaded, redrawn, threads=cores)
        return Reds(
            isolation=host.facts.isolation, verdicts=tuple(sorted(found, key=lambda v: (v.cell, v.circumstances)))
        )


def _passing(call: Call, bench: Workbench, say: Say) -> tuple[list[PlannedCell], list[str]]:
    planned = plan_cells(call.project, call.selection)
    require_trust(call.project, (cell.model for cell in planned))
    require_locks(call.project, (cell.model for cell in planned))
    cells, skipped = bench.passing(planned)
    for line in skipped:
        say(f"not tested, since it does not pass itself: {line}")
    if not cells:
        raise NothingSelected("none of the selected cells passes: there is nothing to make mutants of")
    return cells, skipped


def _workbench(call: Call, host: Host, say: Say, *, fresh: bool = False) -> Workbench:
    context = StageContext.of(call.project, host.facts)
    execution = Execution(context, host.pool, jobs=call.width, fresh=fresh, listener=Counting(say))
    return Workbench(context=context, execution=execution)
