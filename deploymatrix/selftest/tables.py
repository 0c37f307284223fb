"""What `selftest` found, as tables that people read: by kind, by format, by draw; survivors one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from deploymatrix.selftest.kinds import GOALS, KINDS
from deploymatrix.selftest.records import Fate, Mutant, Reds, SelfTest

FATES: tuple[Fate, ...] = ("killed", "survived", "equivalent")  # of mutants that could be made and run
FAULTS = ("", " (runtime)", " (quantiser)")
LONGEST = 160  # characters of what went wrong


def mutants_markdown(found: SelfTest) -> str:
    """Write the tables by kind and by format, the draws, and the survivors."""
    parts = [
        f"**{summary(found)}**",
        _table(
            "kind", found.mutants, _kind, [n + fault for n in KINDS for fault in ("", " (runtime)", " (quantiser)")]
        ),
        _table("variant", found.mutants, lambda m: m.variant, sorted({m.variant for m in found.mutants} - {""})),
        _table("format", found.mutants, lambda m: m.format, sorted({m.format for m in found.mutants} - {""})),
        _table("model", found.mutants, lambda m: m.model, sorted({m.model for m in found.mutants})),
        _draws(found.mutants),
        _one_by_one("Survivors", [m for m in found.mutants if m.fate == "survived" and m.family != "control"]),
        _one_by_one(
            "Equivalent", _largest([m for m in found.mutants if m.fate == "equivalent" and m.family != "control"])
        ),
        _one_by_one(
            "Controls that were killed", [m for m in found.mutants if m.fate == "killed" and m.family == "control"]
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(found: SelfTest) -> str:
    """Say in a line how many mutants there were, and whether the goals are reached."""
    counts = Counter(m.fate for m in found.mutants if m.family != "control")
    rates = ", ".join(f"{family} {found.rate(family):.2%} of {goal:.1%}" for family, goal in GOALS.items())
    told = ", ".join(f"{counts[fate]} {fate}" for fate in FATES)
    state = "goals reached" if found.reached else "goals missed"
    return f"{sum(counts[f] for f in FATES)} mutants: {told}; {rates}; {state}; isolation: {found.isolation}"


def reds_markdown(found: Reds) -> str:
    """Write how many verdicts there were, which changed, and how much of the limit they used."""
    shares = sorted(verdict.share for verdict in found.verdicts if verdict.share is not None)
    lines = [f"**{reds_summary(found)}**", ""]
    if shares:
        figures = {
            "median": shares[len(shares) // 2],
            "99 %": shares[int(0.99 * (len(shares) - 1))],
            "largest": shares[-1],
        }
        lines += [f"share of the limit: {', '.join(f'{name} {figure:.2f}' for name, figure in figures.items())}", ""]
    lines += [f"- {v.cell}, {v.circumstances}: {v.outcome} {_shown(v.share)} {_cut(v.detail)}" for v in found.changed]
    nearest = sorted((v for v in found.verdicts if v not in found.changed), key=lambda v: -(v.share or 0.0))[:3]
    lines += [f"- nearest to red: {v.cell}, {v.circumstances}: {_shown(v.share)} of the limit" for v in nearest]
    return "\n".join(lines).rstrip() + "\n"


def reds_summary(found: Reds) -> str:
    return f"{len(found.verdicts)} verdicts, {len(found.changed)} changed; isolation: {found.isolation}"


def _table(head: str, mutants: Sequence[Mutant], of: Callable[[Mutant], str], names: Iterable[str]) -> str:
    columns = ("mutants", *FATES, "unusable", "nearest")
    rows = [f"| {head} | {' | '.join(columns)} |", f"| --- | {' | '.join('---:' for _ in columns)} |"]
    for name in names:
        fates = Counter(mutant.fate for mutant in mutants if of(mutant) == name)
        if fates:
            counts = (fates.total() - fates["unusable"], *(fates[fate] for fate in FATES), fates["unusable"])
            nearest = _nearest(mutant for mutant in mutants if of(mutant) == name)
            rows.append(f"| {name} | {' | '.join(map(str, counts))} | {nearest} |")
    return "\n".join(rows)


def _nearest(mutants: Iterable[Mutant]) -> str:
    """Return the smallest share of the limit by which a mutant was killed: how near the kind came to surviving."""
    shares = [m.share for m in mutants if m.fate == "killed" and m.outcome == "mismatch" and m.share is not None]
    return f"{min(shares):.3g}" if shares else ""


def _draws(mutants: Sequence[Mutant]) -> str:
    """Write how many mutants each sample would have noticed alone, and how many no other noticed."""
    killed = [mutant for mutant in mutants if mutant.fate == "killed" and mutant.draws]
    if not killed:
        return ""
    alone = Counter(mutant.draws[0] for mutant in killed if len(mutant.draws) == 1)
    each = Counter(draw for mutant in killed for draw in mutant.draws)
    rows = ["| draw | notices | it alone |", "| ---: | ---: | ---: |"]
    return "\n".join([*rows, *(f"| {draw} | {each[draw]} of {len(killed)} | {alone[draw]} |" for draw in sorted(each))])


def _one_by_one(title: str, mutants: Sequence[Mutant]) -> str:
    if not mutants:
        return ""
    lines = [
        f"- {m.model}/{m.target}/{m.variant}, {_kind(m)}, {m.change or 'artifact'}: {m.outcome}, "
        f"{_shown(m.share)} of the limit, {_shown(m.distance)} × {_unit(m)}"
        + (f", {_shown(m.probed)} × on other samples" if m.probed is not None else "")
        + (f"; {_cut(m.detail)}" if m.detail else "")
        for m in mutants
    ]
    return "\n".join([f"{title}:", "", *lines])


def _kind(mutant: Mutant) -> str:
    return f"{mutant.kind} ({mutant.fault})" if mutant.fault else mutant.kind


def _unit(mutant: Mutant) -> str:
    return "the noise that is there anyway" if mutant.family == "quantised" else "eager float32's error in float64"


def _largest(mutants: list[Mutant]) -> list[Mutant]:
    """Return for each kind the mutant with the largest share of the limit."""
    best: dict[str, Mutant] = {}
    for mutant in sorted(mutants, key=lambda m: m.share or 0.0):
        best[mutant.kind] = mutant
    return list(best.values())


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _shown(figure: float | None) -> str:
    return "?" if figure is None else f"{figure:.3g}"
