"""Writes docs/which-variant.md, and a short form of it in README.md, from a matrix of all variants:

    python docs/which_variant.py build/matrix.json [build/measurements.json]

With --check, write nothing, and exit with 1 where a file is not what these would give.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deploymatrix.matrix.beside import NOISE_LATENCY
from deploymatrix.matrix.files import MEASUREMENTS, read_matrix, read_measurements
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.report.worth import SHRINKS, SPEEDS_UP, Worth, share, worth

ROOT = Path(__file__).resolve().parents[1]
PAGE, README = ROOT / "docs" / "which-variant.md", ROOT / "README.md"
BEGIN, END = "<!-- which variant -->\n", "<!-- /which variant -->\n"
ENOUGH, ONE_POINT = 0.85, 0.01  # of the supported cells passed; of the metric lost
HEAD = f"""# Which variant for which runtime

<!-- Made from a matrix of all variants by `python docs/which_variant.py`; do not edit. -->

What [variants](guides/variants.md) come to on each target, beside full precision of the same models. **passed**,
**expected**, **red**, **no route**: cells. The other figures are of cells that passed: **size** and **time**, medians
of the artifact's bytes and of the median run as a share of full precision's (time only of runs that take long enough
to be told apart); **SNR**, the worst and the median signal-to-noise ratio against float64, in dB, each of a cell's
worst output. **drop** is the most that a model's metric lost.

**Advice** follows from these figures alone:

| advice | where |
| --- | --- |
| take | smaller (under {SHRINKS:g} of the size) and faster (under {SPEEDS_UP:g} of the time) |
| for size | smaller, and as fast as full precision, or nobody could tell |
| size for time | smaller, and in most cells {NOISE_LATENCY:g} times as slow or more, beyond the noise of the runs |
| for speed | faster, and not smaller |
| no gain | neither |
| unclear | not smaller, and nobody could tell the time |
| not right | no cell passed |
| – | no step makes it |

**with care** stands beside it where fewer than {ENOUGH:.0%} of the cells that have a route passed, or where a metric
lost more than one point of a hundred.

"""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one variant comes to on one target. `cells`: all of them; `found`: what those that passed are worth."""

    target: str
    variant: str
    cells: Sequence[Cell]
    found: Sequence[Worth]

    @property
    def supported(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.outcome != "unsupported"]

    @property
    def size(self) -> float | None:
        return _median(found.size for found in self.found)

    @property
    def time(self) -> float | None:
        return _median(found.time for found in self.found if found.is_told)

    @property
    def ratios(self) -> list[float]:
        """The signal-to-noise ratio of each cell's worst output, of the cells that have one."""
        of_cells = (
            [output.snr_db for output in found.cell.outputs if output.snr_db is not None] for found in self.found
        )
        return [min(ratios) for ratios in of_cells if ratios]

    @property
    def drop(self) -> float | None:
        measured = (cell.accuracy for cell in self.supported)
        return max((each.drop for each in measured if each is not None and each.drop is not None), default=None)

    @property
    def advice(self) -> str:
        if not self.supported:
            return "–"
        if not self.found:
            return "not right"
        sound = len(self.found) >= ENOUGH * len(self.supported) and (self.drop or 0.0) <= ONE_POINT
        return self._gain() + ("" if sound else ", with care")

    def _gain(self) -> str:
        smaller = self.size is not None and self.size < SHRINKS
        if self.time is None:
            return "for size" if smaller else "unclear"
        if self.time < SPEEDS_UP:
            return "take" if smaller else "for speed"
        if not smaller:
            return "no gain"
        told = [found.buys == "size with time" for found in self.found if found.is_told]
        return "size for time" if 2 * sum(told) > len(told) else "for size"


def main() -> int:
    given = [Path(argument) for argument in sys.argv[1:] if argument != "--check"]
    times = given[1] if len(given) > 1 else given[0].with_name(MEASUREMENTS)
    matrix, measurements = read_matrix(given[0]), read_measurements(times)
    texts = {PAGE: page(matrix, measurements), README: readme(README.read_text(encoding="utf-8"), matrix, measurements)}
    if "--check" in sys.argv[1:]:
        other = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        for path in other:
            print(f"{path.name} is not what {given[0]} gives; run python docs/which_variant.py {given[0]}")
        return 1 if other else 0
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return 0


def page(matrix: Matrix, measurements: Mapping[str, Measurement]) -> str:
    """Write the page: a row for each target and variant."""
    columns = ("passed", "expected", "red", "no route", "size", "time", "SNR: worst", "median", "drop")
    rows = [row(["runtime", "variant", *columns, "advice"]), row(["---", "---", *("---:" for _ in columns), "---"])]
    rows += [row(entries(summary)) for summary in summaries(matrix, measurements)]
    models = sorted({cell.model for cell in matrix.cells if cell.beside})
    return f"{HEAD}{''.join(rows)}\nMeasured on {len(models)} models: {', '.join(models)}.\n"


def readme(text: str, matrix: Matrix, measurements: Mapping[str, Measurement]) -> str:
    """Put the short form between the markers of the README: a row for each variant, a column for each target."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{README.name} must hold {BEGIN.strip()} and {END.strip()} once")
    found = {(summary.variant, summary.target): summary for summary in summaries(matrix, measurements)}
    targets = sorted({target for _, target in found})
    rows = [row(["variant", *targets]), row(["---"] * (len(targets) + 1))]
    rows += [
        row([variant, *(found[variant, target].advice if (variant, target) in found else "" for target in targets)])
        for variant in sorted({variant for variant, _ in found})
    ]
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{''.join(rows)}{END}{rest.split(END)[1]}"


def summaries(matrix: Matrix, measurements: Mapping[str, Measurement]) -> Iterator[Summary]:
    """Yield what each variant that stands beside another one comes to on each target, sorted by name."""
    for target, variant in sorted({(cell.target, cell.variant) for cell in matrix.cells if cell.beside}):
        cells = [cell for cell in matrix.cells if (cell.target, cell.variant) == (target, variant)]
        found = [worth(cell, measurements) for cell in cells if cell.outcome == "passed"]
        yield Summary(target=target, variant=variant, cells=cells, found=found)


def entries(summary: Summary) -> list[str]:
    cells, ratios = summary.cells, summary.ratios
    expected = sum(cell.verdict == "expected" and cell.outcome != "unsupported" for cell in cells)
    without = len(cells) - len(summary.supported)
    red = len(summary.supported) - len(summary.found) - expected
    return [
        *(summary.target, summary.variant),
        *(str(count) if count else "" for count in (len(summary.found), expected, red, without)),
        *(share(value) if summary.found else "" for value in (summary.size, summary.time)),
        *((f"{min(ratios):.0f}", f"{median(ratios):.0f}") if ratios else ("", "")),
        "" if summary.drop is None else f"{summary.drop:.3f}",
        summary.advice,
    ]


def row(entries: Iterable[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


if __name__ == "__main__":
    sys.exit(main())
