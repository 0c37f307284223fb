"""What a variant buys: nothing, size with time, or something; and where nobody can tell, nothing is said."""

from __future__ import annotations

import pytest

from deploymatrix.matrix.beside import with_size_ratios
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Artifact, Cell, Outcome
from deploymatrix.report.worth import Worth, note, notes, pointed_out, worth
from tests.fakes.matrices import make_cell

BEFORE = 40e-3  # seconds of a run in full precision


def pair(
    size: float, outcome: Outcome = "passed", *, model: str = "unet", target: str = "executorch", variant: str = "fp16"
) -> tuple[Cell, ...]:
    whole = make_cell(model, target, artifact=Artifact(sha256="a", bytes=1000))
    artifact = Artifact(sha256="b", bytes=int(1000 * size))
    return with_size_ratios([whole, make_cell(model, target, variant, outcome, beside="fp32", artifact=artifact)])


def times(
    cells: tuple[Cell, ...], ratio: float, *, fastest: float | None = None, before: float = BEFORE
) -> dict[str, Measurement]:
    factors = {"": (1.0, 1.0), "fp32": (ratio, ratio if fastest is None else fastest)}
    return {
        cell.name: Measurement(
            cell=cell.name,
            cached=False,
            run_s=before * factors[cell.beside][0],
            fastest_s=before * factors[cell.beside][1],
            eager_s=1.0,
            peak_mb=50.0,
        )
        for cell in cells
    }


def of(cells: tuple[Cell, ...], measured: dict[str, Measurement]) -> Worth:
    return worth(cells[1], measured)


@pytest.mark.parametrize(
    ("size", "time", "buys"),
    [
        (0.98, 1.1, "nothing"),
        (0.9, 0.95, "nothing"),
        (1.21, 1.0, "nothing"),
        (0.98, 0.8, ""),
        (0.5, 1.1, ""),
        (0.26, 4.2, "size with time"),
    ],
)
def test_a_variant_buys_size_or_time_or_nothing(size: float, time: float, buys: str) -> None:
    cells = pair(size)

    assert of(cells, times(cells, time)).buys == buys


@pytest.mark.parametrize(
    ("size", "time", "fastest"),
    [(0.98, 1.3, 0.8), (0.98, 1.1, 1.0), (0.36, 1.81, 1.5), (0.36, 1.6, 1.1)],
    ids=["one slow run", "within the spread", "slow by the spread", "a busy machine"],
)
def test_noise_accuses_nobody(size: float, time: float, fastest: float) -> None:
    """The fastest run must say so, too, and by more than the runs of a cell differ among themselves."""
    cells = pair(size)

    assert of(cells, times(cells, time, fastest=fastest)).buys == ""


def test_times_of_a_busy_machine_are_marked() -> None:
    cells = pair(0.5)

    assert of(cells, times(cells, 1.6, fastest=1.0)).entry == "0.5 / ~1.6 / 1"
    assert of(cells, times(cells, 1.6, fastest=1.5)).entry == "0.5 / 1.6 / 1"


def test_times_of_the_clock_accuse_nobody() -> None:
    cells = pair(0.98)
    short = of(cells, times(cells, 1.2, before=2e-5))

    assert (short.buys, short.entry) == ("", "0.98 / ~1.2 / 1")


@pytest.mark.parametrize("outcome", ["mismatch", "run_failed", "unsupported"])
def test_what_did_not_pass_is_not_pointed_out(outcome: Outcome) -> None:
    cells = pair(0.98, outcome)

    assert pointed_out(cells, times(cells, 1.1)) == []


def test_without_full_precision_beside_it_nothing_is_said() -> None:
    cells = pair(0.98)
    [alone] = with_size_ratios([cells[1]])

    assert worth(alone, times(cells[1:], 1.1)) == Worth(cell=alone)
    assert (worth(alone, {}).entry, worth(cells[0], times(cells, 1.1)).entry) == ("", "")


def test_the_notes_name_who_buys_nothing_and_what_it_costs() -> None:
    half, dynamic = pair(0.98), pair(0.26, model="resnet18", target="onnx", variant="int8-dynamic")
    again = pair(1.0, model="resnet18")
    measured = times(half, 1.1) | times(dynamic, 4.2) | times(again, 1.04)

    found = pointed_out((*half, *dynamic, *again), measured)

    assert [note(each) for each in found] == [
        "executorch fp16 of resnet18: 1 of the size, 1 of the time: it buys nothing",
        "executorch fp16 of unet: 0.98 of the size, 1.1 of the time: it buys nothing",
        "onnx int8-dynamic of resnet18: 0.26 of the size, 4.2 of the time: it buys size with time",
    ]
    assert list(notes(found)) == [
        "executorch fp16 buys nothing for resnet18 (1 of the size, 1 of the time), "
        "unet (0.98 of the size, 1.1 of the time)",
        "onnx int8-dynamic buys size with time for resnet18 (0.26 of the size, 4.2 of the time)",
    ]
