"""One model's artifact on all versions of a target's runtime; where one refuses it, also the artifact that it takes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.assembly import PlannedRun, build_matrix
from deploymatrix.execution.executor import Execution, Listener
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.isolation import IsolationChoice
from deploymatrix.host.local import Host, local_host
from deploymatrix.host.model_locks import require_locks
from deploymatrix.matrix.skew import Artifact, by_version
from deploymatrix.matrix.verdicts import read_rules
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.project.targets import Target
from deploymatrix.project.trust import require_trust
from deploymatrix.say import Say

Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Skew:
    """One model on a target and on the further versions of its runtime."""

    project: Project
    target: Target
    selection: Selection

    @classmethod
    def of(cls, project: Project, model: str, target: str) -> Skew:
        """Raise ConfigurationError for a target that lists no versions. Both names are known ones."""
        own = project.targets[project.targets[target].version_of or target]
        if not own.spec.versions:
            raise ConfigurationError(
                f"{own.file}: it lists no versions; name some, versions = [...], and lock each in versions/<version>/"
            )
        targets = [t.name for t in project.targets.values() if own.name in (t.name, t.version_of)]
        selection = Selection(targets=tuple(targets), models=(model,), variants=own.spec.variants[:1])
        return cls(project=project, target=own, selection=selection)

    def decide(self, options: Options, isolation: IsolationChoice, listener: Listener, say: Say) -> list[Artifact]:
        """Decide the artifact that is made with `options` of its last step; then each that a version asks for.

        No matrix is written. Raise NothingSelected where no route leads from the model to the target.
        """
        planned = plan_cells(self.project, self.selection)
        require_trust(self.project, (cell.model for cell in planned))
        require_locks(self.project, (cell.model for cell in planned))
        with local_host(self.project, isolation, jobs=os.cpu_count() or 1, say=say) as host:
            found = [self._artifact(planned, options, "", host, listener)]
            for further, why in self._widenings(found[0]):
                found.append(self._artifact(planned, {**options, **further}, why, host, listener))
            return found

    def _artifact(
        self, planned: Sequence[PlannedCell], options: Options, why: str, host: Host, listener: Listener
    ) -> Artifact:
        cells = [_with(cell, options) for cell in planned]
        run = PlannedRun(
            project=self.project,
            selection=self.selection,
            cells=cells,
            rules=read_rules(self.project, None),
            keys=Keys(self.project),
            inputs=dict.fromkeys((cell.name for cell in cells), ""),  # no gate asks of it
            planned=len(cells),
        )
        context = StageContext.of(self.project, host.facts, run.keys)
        execution = Execution(context, host.pool, jobs=os.cpu_count() or 1, fresh=False, listener=listener)
        execution.run(plan_tasks(cells))
        decided = build_matrix(run, host.facts, execution.results).cells
        versions = {t.name: t.version for t in self.project.targets.values() if t.version_of == self.target.name}
        return Artifact(options=dict(options), why=why, rungs=by_version(decided, self.target.name, versions))

    def _widenings(self, artifact: Artifact) -> list[tuple[Options, str]]:
        """Return the options by which what a version said of the artifact can be answered, and why each helps."""
        found: list[tuple[Options, str]] = []
        for rung in artifact.rungs:
            log = self.project.build / rung.cell.log if rung.cell.log else None
            said = rung.cell.detail + (log.read_text(encoding="utf-8", errors="replace") if log else "")
            for rule in self.project.pipelines[self.target.spec.format].widening:
                further = rule.option_for(said)
                if further and (further, rule.means) not in found:
                    found.append((further, rule.means))
        return found


def _with(cell: PlannedCell, options: Options) -> PlannedCell:
    """Return the cell with options for the last step of its route besides the step's own."""
    if cell.route is None or not options:
        return cell
    *before, last = cell.route.steps
    steps = (*before, replace(last, options={**last.options, **options}))
    return replace(cell, route=replace(cell.route, steps=steps))
