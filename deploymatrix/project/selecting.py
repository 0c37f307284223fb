"""What a user's options select, and the project's default where they leave that open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deploymatrix.project.expressions import compile_expression
from deploymatrix.project.plan import Selection
from deploymatrix.project.project import Project
from deploymatrix.project.tags import tags_of

ALL = "all"  # for all variants


def selected(
    project: Project,
    targets: Iterable[str] = (),
    models: Iterable[str] = (),
    expression: str = "",
    variants: Iterable[str] = (),
) -> Selection:
    """Return what the user selected; the project's default holds where that is neither models nor an expression.

    A default that leaves nothing out is none: the record of such a run says that it took everything. Where `variants`
    names none, those hold that say so of themselves; "all" names all.
    """
    named, holding = _variants(project, tuple(variants))
    given = Selection(
        targets=tuple(targets),
        models=tuple(models),
        expression=expression,
        variants=named,
        default_variants=holding,
    )
    if given.models or given.expression or not project.default:
        return given
    holds = compile_expression(project.default)
    everything = all(
        holds(lambda word, m=m, t=t: word in tags_of(m, t))  # type: ignore[misc]
        for m in project.models.values()
        for t in project.targets.values()
    )
    return given if everything else replace(given, default=project.default)


def _variants(project: Project, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the variants that the user names, and those that hold where that is none and there are others, too."""
    if names:
        return tuple(project.variants) if ALL in names else names, ()
    holding = tuple(name for name, variant in project.variants.items() if variant.default)
    run = {name for target in project.targets.values() for name in target.spec.variants}
    return (), holding if run - set(holding) else ()
