"""The plan: every selected cell, listed before anything runs, and the tasks that decide them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from deploymatrix.errors import NothingSelected
from deploymatrix.project.calibration import calibration_split
from deploymatrix.project.expressions import compile_expression
from deploymatrix.project.labelled import labelling, scorer
from deploymatrix.project.limits import limits_of
from deploymatrix.project.names import pick
from deploymatrix.project.own_samples import program
from deploymatrix.project.project import Model, Project
from deploymatrix.project.routes import Route, Step, find_route
from deploymatrix.project.tags import matcher, tags_of
from deploymatrix.project.targets import Target

# In records, before the expressions that a project selects by.
DEFAULT, DEFAULT_TARGETS = "default: ", "default targets: "

Sampling = Literal["gather", "sample", "gather_labelled", "sample_labelled"]
TaskKind = Literal[Sampling, "reference", "export", "run", "answer", "score", "evaluate", "compare", "layers"]


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """A cell before anything happened; without a route it is `unsupported`."""

    model: Model
    target: Target
    variant: str
    route: Route | None

    @property
    def name(self) -> str:
        return f"{self.model.name}/{self.target.name}/{self.variant}"

    @property
    def beside(self) -> str:
        """The target's variant in full precision, which size and time of this one stand beside; empty for that one."""
        whole = [name for name, variant in self.target.variants.items() if variant.judgement == "rounding"]
        beside = min(whole, key=lambda name: (not self.target.variants[name].default, name), default="")
        return "" if self.variant in whole else beside


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work: the reference of a model, the export at the end of a route, its run, or its comparison.

    What is quantised may have a second reference: `evaluate` answers for the artifact in exact arithmetic.

    A model with own samples has one more before: `gather` reads their files, `sample` asks the model's samples.py. One
    with a metric has the same for its labelled data; `answer` runs the artifact on these, and `score` asks metric.py.
    `layers` looks where noise enters an artifact. The fields from `samples` to `scores` are the ids of tasks whose
    results it takes; else they are empty. The source of an export is what its step starts from: the reference, which
    holds the weights, or the artifact before. The source of a run and of a comparison is the artifact.
    """

    id: str
    kind: TaskKind
    model: Model
    samples: str = ""
    labels: str = ""
    reference: str = ""
    source: str = ""
    run: str = ""
    evaluation: str = ""
    calibration: str = ""
    artifact: str = ""
    answers: str = ""
    scores: str = ""
    variant: str = ""
    route: Route | None = None
    target: Target | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The ids of the tasks that come before this one, each once."""
        made = (self.samples, self.labels, self.reference, self.source, self.run, self.evaluation, self.calibration)
        return tuple(dict.fromkeys(id_ for id_ in (*made, self.artifact, self.answers, self.scores) if id_))

    @property
    def step(self) -> Step:
        assert self.route is not None, f"{self.id} has no route"
        return self.route.steps[-1]

    @property
    def on(self) -> Target:
        """The target that a run or a comparison is about."""
        assert self.target is not None, f"{self.id} has no target"
        return self.target


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the user selected; empty means everything.

    `default`, `default_targets`: the project's own expressions of tags, where they hold and leave something out; see
    `selected()`.
    `default_variants`: those that are taken where `variants` names none.
    """

    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    expression: str = ""
    default: str = ""
    default_targets: str = ""
    variants: tuple[str, ...] = ()
    default_variants: tuple[str, ...] = ()

    @property
    def whole(self) -> Selection:
        """What this is a part of: of its variants the default where that holds, else every cell."""
        return replace(self, targets=(), models=(), expression="")

    def describe(self) -> tuple[str, ...]:
        """Return the options that select the same, for the record."""
        options = [f"-t {t}" for t in self.targets] + [f"-m {m}" for m in self.models]
        options += [f"-v {v}" for v in self.variants]
        options += [f"-k {self.expression}"] if self.expression else []
        options += [f"{DEFAULT}{self.default}"] if self.default else []
        return tuple(options + ([f"{DEFAULT_TARGETS}{self.default_targets}"] if self.default_targets else []))


def plan_cells(project: Project, selection: Selection) -> list[PlannedCell]:
    """List all selected cells, sorted by name.

    Raise ConfigurationError for an unknown name or a limit out of bounds, NothingSelected when no cell is left.
    """
    models = pick("model", selection.models, project.models)
    targets = pick("target", selection.targets, project.targets)
    variants = pick("variant", selection.variants or selection.default_variants, project.variants)
    cells = [
        PlannedCell(model=m, target=t, variant=v, route=find_route(project, m, t.spec.format, v))
        for m in models.values()
        for t in targets.values()
        for v in t.spec.variants
        if v in variants
    ]
    if selection.expression:
        matches, matched = compile_expression(selection.expression), matcher(project)
        cells = [c for c in cells if matches(lambda word, cell=c: matched(word, cell))]  # type: ignore[misc]
    if selection.default:
        holds = compile_expression(selection.default)
        cells = [c for c in cells if holds(lambda word, cell=c: word in tags_of(cell.model, cell.target))]  # type: ignore[misc]
    if selection.default_targets:
        cells = [c for c in cells if is_default_target(c.target, selection.default_targets)]
    chosen = sorted(cells, key=lambda c: c.name)
    if not chosen:
        beyond = "; -t all selects on every target" if selection.default_targets else ""
        raise NothingSelected(f"no cell matches {' '.join(selection.describe()) or 'an empty project'}{beyond}")
    for cell in chosen:
        limits_of(cell.model, cell.target, cell.variant)  # raises for one out of bounds, before anything runs
    return chosen


def is_default_target(target: Target, expression: str) -> bool:
    """Tell whether an expression of tags takes a target."""
    return compile_expression(expression)(lambda word: word in target.spec.tags)


def plan_tasks(cells: Iterable[PlannedCell]) -> dict[str, Task]:
    """Return the tasks of the cells by id, each after those that it needs; shared ones once."""
    tasks: dict[str, Task] = {}
    for cell in cells:
        if cell.route is not None:
            for task in _cell_tasks(cell, cell.route):
                tasks.setdefault(task.id, task)
    return tasks


def compare_id(cell: PlannedCell) -> str:
    """Return the id of the task that decides a cell."""
    assert cell.route is not None, f"{cell.name} has no route"
    return _id("compare", cell.model, cell.route, cell.target)


def run_id(cell: PlannedCell) -> str:
    """Return the id of the task that runs a cell's artifact."""
    assert cell.route is not None, f"{cell.name} has no route"
    return _id("run", cell.model, cell.route, cell.target)


def evaluation_id(cell: PlannedCell) -> str:
    """Return the id of the task that answers for a cell's artifact in exact arithmetic."""
    assert cell.route is not None, f"{cell.name} has no route"
    return _id("evaluate", cell.model, cell.route)


def export_id(model: Model, route: Route) -> str:
    """Return the id of the task that makes the artifact at the end of `route`."""
    return _id("export", model, route)


def reference_id(model: Model) -> str:
    """Return the id of the task that freezes a model and computes its reference outputs."""
    return f"reference {model.name}"


def samples_id(model: Model) -> str:
    """Return the id of the task that reads or makes a model's own samples; empty where they are drawn."""
    return "" if model.spec.own_samples is None else f"samples {model.name}"


def labels_id(model: Model) -> str:
    """Return the id of the task that reads or makes a model's labelled data; empty where there are none."""
    return f"labels {model.name}" if model.spec.labels else ""


def answers_id(cell: PlannedCell) -> str:
    """Return the id of the task that runs a cell's artifact on labelled data."""
    assert cell.route is not None, f"{cell.name} has no route"
    return _id("answer", cell.model, cell.route, cell.target)


def reference_tasks(model: Model) -> dict[str, Task]:
    """Return the task that freezes a model, after those that its own samples and labelled data come from, if any."""
    samples, labels = samples_id(model), labels_id(model)
    tasks = []
    if samples:
        tasks.append(Task(id=samples, kind="sample" if program(model) else "gather", model=model))
    if labels:
        kind: TaskKind = "sample_labelled" if labelling(model) else "gather_labelled"
        tasks.append(Task(id=labels, kind=kind, model=model))
    tasks.append(Task(id=reference_id(model), kind="reference", model=model, samples=samples, labels=labels))
    return {task.id: task for task in tasks}


def _cell_tasks(cell: PlannedCell, route: Route) -> Iterable[Task]:
    before = reference_tasks(cell.model)
    yield from before.values()
    reference = before[reference_id(cell.model)]
    source = reference.id
    for prefix in route.prefixes():
        calibration = _calibration(cell, prefix)
        yield from calibration
        export = Task(
            id=export_id(cell.model, prefix),
            kind="export",
            samples=reference.samples,
            reference=reference.id,
            source=source,
            calibration=calibration[0].id if calibration else "",
            model=cell.model,
            variant=prefix.variant,
            route=prefix,
        )
        yield export
        source = export.id
    run = Task(
        id=run_id(cell),
        kind="run",
        samples=reference.samples,
        reference=reference.id,
        source=source,
        model=cell.model,
        variant=cell.variant,
        route=route,
        target=cell.target,
    )
    yield run
    evaluation = ""
    if route.evaluated_in:
        evaluation = evaluation_id(cell)
        yield replace(run, id=evaluation, kind="evaluate", target=None)
    compare = replace(run, id=compare_id(cell), kind="compare", run=run.id, evaluation=evaluation)
    yield from _scored(cell, run, compare, reference.labels) if reference.labels else [compare]


def _scored(cell: PlannedCell, run: Task, compare: Task, labels: str) -> Iterable[Task]:
    """Yield what answers labelled samples, what scores that, and the comparison, which takes both."""
    answer = replace(run, id=answers_id(cell), kind="answer", labels=labels)
    yield answer
    compare = replace(compare, labels=labels, answers=answer.id)
    if scorer(cell.model) and cell.route:
        score = replace(answer, id=_id("score", cell.model, cell.route, cell.target), kind="score", answers=answer.id)
        yield score
        compare = replace(compare, scores=score.id)
    yield compare


def _calibration(cell: PlannedCell, prefix: Route) -> list[Task]:
    """Return the task that own calibration samples come from; none where nothing is calibrated, or they are drawn."""
    made = cell.target.variants.get(prefix.variant)
    return [*reference_tasks(calibration_split(cell.model)).values()][:-1] if made and made.calibration else []


def _id(kind: TaskKind, model: Model, route: Route, target: Target | None = None) -> str:
    """Name a task by its model and by the route to what it makes; to one format and variant there is one route."""
    where, formats = f" on {target.name}" if target else "", (step.format for step in route.steps)
    return f"{kind} {model.name} {'>'.join([route.steps[0].source, *formats])} {route.variant}{where}"
