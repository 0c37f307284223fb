"""What the stages work with, and the results that a task needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploymatrix.execution.keys import Keys
from deploymatrix.host.facts import HostFacts
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Project
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """The project, its keys, its store, and what is known of the host. No worker is among it: asking costs nothing."""

    project: Project
    keys: Keys
    store: Store
    facts: HostFacts
    samples: dict[str, Entry] = field(default_factory=dict)  # by model, as far as they were asked for
    sample_paths: dict[tuple[str, str], list[dict[str, Path]]] = field(default_factory=dict)  # by model and content

    @classmethod
    def of(cls, project: Project, facts: HostFacts, keys: Keys | None = None) -> StageContext:
        """Make the context of a project as it is on disk now, or as it was when `keys` were made."""
        return cls(project=project, keys=keys or Keys(project), store=Store(project.build / "store"), facts=facts)


@dataclass(frozen=True)
class Needs:
    """A task, and the entries of the tasks that it needs, by the part that each plays."""

    task: Task
    entries: Mapping[str, Entry]  # by task id; may hold others too

    @property
    def samples(self) -> Entry | None:
        """The model's own samples; None where they are drawn."""
        return self.entries[self.task.samples] if self.task.samples else None

    @property
    def calibration(self) -> Entry | None:
        """The model's own calibration samples; None where they are drawn, or nothing is calibrated."""
        return self.entries[self.task.calibration] if self.task.calibration else None

    @property
    def reference(self) -> Entry:
        """The model's frozen weights and reference outputs."""
        return self.entries[self.task.reference]

    @property
    def source(self) -> Entry:
        """What the task starts from: an artifact, or the reference where a framework's model is exported."""
        return self.entries[self.task.source]

    @property
    def run(self) -> Entry:
        """What the artifact answered."""
        return self.entries[self.task.run]

    @property
    def labels(self) -> Entry | None:
        """The model's labelled data; None where there are none."""
        return self.entries[self.task.labels] if self.task.labels else None

    @property
    def answers(self) -> Entry | None:
        """What the artifact answered to labelled samples."""
        return self.entries[self.task.answers] if self.task.answers else None

    @property
    def scores(self) -> Entry | None:
        """What metric.py makes of the answers."""
        return self.entries[self.task.scores] if self.task.scores else None

    @property
    def artifact(self) -> Entry:
        """What was made from the source."""
        return self.entries[self.task.artifact]

    @property
    def evaluation(self) -> Entry | None:
        """What the artifact comes to in exact arithmetic; None where nothing tells."""
        entry = self.entries[self.task.evaluation] if self.task.evaluation else None
        return None if entry is None or entry.about.get("alone") else entry

    def __iter__(self) -> Iterator[Entry]:
        return (self.entries[id_] for id_ in self.task.needs)
