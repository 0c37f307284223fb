"""A symbol and a colour for each outcome: readable without colour."""

from __future__ import annotations

from typing import NamedTuple

from deploymatrix.matrix.records import Cell, Outcome, Verdict


class Symbol(NamedTuple):
    """One character, a rich style, and a few words for the legend."""

    character: str
    style: str
    words: str


SYMBOLS: dict[Outcome, Symbol] = {
    "passed": Symbol("✓", "green", "passed"),
    "unstable": Symbol("~", "red", "answers change with the order, the threads or the run"),
    "mismatch": Symbol("≠", "red", "answers differ from the reference"),
    "nonfinite": Symbol("∞", "red", "NaN or infinity where the reference has none"),
    "io_mismatch": Symbol("⇄", "red", "names, shapes or dtypes differ"),
    "export_failed": Symbol("E", "red", "export failed"),
    "load_failed": Symbol("L", "red", "the runtime cannot load it"),
    "run_failed": Symbol("R", "red", "the runtime cannot run it"),
    "crashed": Symbol("!", "red", "the process died by a signal"),
    "timed_out": Symbol("T", "red", "no answer within the time limit"),
    "out_of_memory": Symbol("M", "red", "over the memory limit"),
    "environment_failed": Symbol("V", "magenta", "environment or image could not be made"),
    "reference_failed": Symbol("F", "magenta", "the reference proves nothing"),
    "exported": Symbol("X", "yellow", "exported, not run: its runtime runs on another system"),
    "unsupported": Symbol("–", "yellow", "no route"),
    "missing": Symbol("?", "magenta", "no result"),
}

# A cell that did what its outcome says and is red all the same: it is not shown as passed.
VERDICT_SYMBOLS: dict[Verdict, Symbol] = {
    "over_budget": Symbol("B", "dark_orange", "over a budget"),
    "unexpected_pass": Symbol("U", "dark_orange", "an entry expects a failure, and there is none"),
}

# The verdicts in words. Any other verdict is red, and the page shows its own name.
VERDICT_WORDS: dict[str, str] = {
    "ok": "passed",
    "expected": "failed as expected",
    "failed": "red",
    "unexpected_pass": "red: unexpected pass, an entry expects a failure",
    "unexpected_outcome": "red: failed otherwise than expected",
    "expired": "red: the entry that expects it has expired",
    "over_budget": "red: over a budget",
}


FIXED = "§ static, at these fixed sizes only"
REPAIRED = "† made with a repair that the plain converter lacks"


def mark(cell: Cell) -> str:
    """Return a cell's symbol; in brackets when an expectation covers it, with ↯ when it breaks one or a budget.

    † follows where a step repaired an upstream defect, ‡ where an exporter warned, § where the artifact has fixed
    sizes and the model has free ones, whatever became of the cell.
    """
    signs = {"†": cell.repairs, "‡": cell.warnings, "§": cell.static}
    return _judged_mark(cell) + "".join(sign for sign, shown in signs.items() if shown)


def _judged_mark(cell: Cell) -> str:
    character = symbol_of(cell).character
    if cell.verdict == "expected":
        return f"({character})"
    return f"{character}↯" if _is_surprising(cell) else character


def symbol_of(cell: Cell) -> Symbol:
    """Return what stands for a cell: by its verdict where that says more than its outcome."""
    return VERDICT_SYMBOLS.get(cell.verdict, SYMBOLS[cell.outcome])


def legend(cells: tuple[Cell, ...]) -> str:
    """Explain each symbol that the cells use."""
    used = {symbol_of(cell) for cell in cells}
    parts = [f"{s.character} {s.words}" for s in (*SYMBOLS.values(), *VERDICT_SYMBOLS.values()) if s in used]
    if any(cell.verdict == "expected" for cell in cells):
        parts.append("(…) expected, with a reason")
    if any(cell.warnings for cell in cells):
        parts.append("‡ an exporter warned that its artifact may be wrong")
    if any(_is_surprising(cell) for cell in cells):
        parts.append("↯ not what was expected, or over a budget")
    if repairs := sorted({name for cell in cells for name in cell.repairs}):
        parts.append(f"{REPAIRED}: {', '.join(repairs)}")
    if fixed := sorted({cell.fixed for cell in cells if cell.static}):
        parts.append(f"{FIXED}: {'; '.join(fixed)}")
    return " · ".join(parts)


def _is_surprising(cell: Cell) -> bool:
    return cell.verdict == "over_budget" or (cell.expectation is not None and cell.verdict != "expected")
