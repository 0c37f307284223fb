"""What variants lose, and how far runtimes are from the graphs that they run: python bench/noise.py build/matrix.json

A row for each target and variant, over all outputs of its cells that were measured, whatever their verdict. The bounds
of pipelines/variants/*.toml are held against it; docs/how-variants-are-judged.md has the figures.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Cell, Matrix

HEAD = (
    "| target | variant | outputs | signal-to-noise, dB: least, median | alone | fidelity / loss: median, most "
    "| fidelity / noise: median, most | most fidelity | most flipped | most far |"
)


def main() -> None:
    matrix = read_matrix(Path(sys.argv[1]))
    print(HEAD)
    print("| --- | --- " + "| ---: " * 8 + "|")
    for (target, variant), outputs in sorted(_measured(matrix).items()):
        print(f"| {target} | {variant} | {' | '.join(_row(outputs))} |")


def _measured(matrix: Matrix) -> dict[tuple[str, str], list[OutputRecord]]:
    found: dict[tuple[str, str], list[OutputRecord]] = defaultdict(list)
    for cell in matrix.cells:
        found[cell.target, cell.variant] += _noisy(cell)
    return {place: outputs for place, outputs in found.items() if outputs}


def _noisy(cell: Cell) -> Iterator[OutputRecord]:
    yield from (output for output in cell.outputs if output.norm == "rms" and output.snr_db is not None)


def _row(outputs: list[OutputRecord]) -> Iterator[str]:
    ratios = sorted(output.snr_db for output in outputs if output.snr_db is not None)
    seconds = [output.fidelity for output in outputs if output.fidelity is not None]
    yield str(len(outputs))
    yield f"{ratios[0]:.1f}, {ratios[len(ratios) // 2]:.1f}"
    yield str(len(outputs) - len(seconds))
    yield _middle_and_most(second.error / second.loss for second in seconds if second.loss)
    yield _middle_and_most(second.error / second.noise for second in seconds if second.noise)
    for key in ("error", "flipped", "far"):
        yield f"{max((getattr(second, key) for second in seconds), default=0):.2g}"


def _middle_and_most(ratios: Iterable[float]) -> str:
    found = sorted(ratios)
    return f"{found[len(found) // 2]:.2g}, {found[-1]:.2g}" if found else "–"


if __name__ == "__main__":
    main()
