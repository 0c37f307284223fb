"""What a user's options select, and the project's default where they leave that open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deploymatrix.errors import NothingSelected
from deploymatrix.project.expressions import compile_expression
from deploymatrix.project.names import pick
from deploymatrix.project.plan import Selection, is_default_target
from deploymatrix.project.project import Project
from deploymatrix.project.tags import tags_of
from deploymatrix.project.targets import Target

ALL = "all"  # for all variants, or all targets


def selected(
    project: Project,
    targets: Iterable[str] = (),
    models: Iterable[str] = (),
    expression: str = "",
    variants: Iterable[str] = (),
) -> Selection:
    """Return what the user selected, and the project's defaults where that leaves something open.

    `targets`: names, tags, or "all". The default of cells holds where neither models nor an expression are named; that
    of targets where no target beyond it is. A default that leaves nothing out is none: the record of such a run says
    that it took everything. Where `variants` names none, those hold that say so of themselves; "all" names all.
    """
    named, holding = _variants(project, tuple(variants))
    wanted = tuple(targets)
    given = Selection(
        targets=() if ALL in wanted else _named_targets(project, wanted),
        models=tuple(models),
        expression=expression,
        variants=named,
        default_variants=holding,
    )
    default = "" if given.models or given.expression else _default(project)
    default_targets = "" if ALL in wanted else _default_targets(project, given.targets)
    return replace(given, default=default, default_targets=default_targets)


def _named_targets(project: Project, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words, and in the place of one that is a tag, and no target, the targets that bear it."""
    tagged = {word: [name for name, target in project.targets.items() if word in target.spec.tags] for word in words}
    known = {word: [word] if word in project.targets or not tagged[word] else tagged[word] for word in words}
    return tuple(dict.fromkeys(name for word in words for name in known[word]))


def on_platform(project: Project, platform: str, targets: Iterable[str]) -> list[str]:
    """Return the names of the targets on this platform: those of the targets that the words name, else all.

    Raise NothingSelected where there is none.
    """
    named = pick("target", _named_targets(project, tuple(targets)), project.targets)
    own = {project.targets[name].folder for name in named}
    found = [t for t in project.targets.values() if project.runner_of(t).spec.platform == platform and t.folder in own]
    if not found:
        known = {runner.spec.platform for runner in project.runners.values() if runner.spec.platform is not None}
        raise NothingSelected(
            f"--platform {platform}: no such target runs there; platforms: {', '.join(sorted(known))}"
        )
    return [target.name for target in found]


def targets_of(project: Project, selection: Selection) -> list[Target]:
    """Return the targets that a selection without an expression takes. Raise ConfigurationError for an unknown name."""
    named = pick("target", selection.targets, project.targets).values()
    return [t for t in named if not selection.default_targets or is_default_target(t, selection.default_targets)]


def _default(project: Project) -> str:
    """Return the project's default where it leaves a cell out."""
    if not project.default:
        return ""
    holds = compile_expression(project.default)
    everything = all(
        holds(lambda word, m=m, t=t: word in tags_of(m, t))  # type: ignore[misc]
        for m in project.models.values()
        for t in project.targets.values()
    )
    return "" if everything else project.default


def _default_targets(project: Project, named: tuple[str, ...]) -> str:
    """Return the project's default of targets where it leaves one out, and takes all that the user named."""
    if not project.default_targets:
        return ""
    taken = {name for name, target in project.targets.items() if is_default_target(target, project.default_targets)}
    beyond = set(named) & set(project.targets) - taken
    return "" if beyond or len(taken) == len(project.targets) else project.default_targets


def _variants(project: Project, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the variants that the user names, and those that hold where that is none and there are others, too."""
    if names:
        return tuple(project.variants) if ALL in names else names, ()
    holding = tuple(name for name, variant in project.variants.items() if variant.default)
    run = {name for target in project.targets.values() for name in target.spec.variants}
    return (), holding if run - set(holding) else ()
