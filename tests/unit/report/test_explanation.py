"""Which cells failed alike, which lines of a log decide, and that nothing steers the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.causes import alike as share_a_cause
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.matrix.similar import pick_cells
from deploymatrix.printable import printable
from deploymatrix.project.findings import read_findings
from deploymatrix.report.explanation import Explanation, as_text, decisive_lines, repairs_of
from tests.fakes.matrices import full_matrix
from tests.runtimes import SHIPPED


def a_cell(name: str, outcome: str = "run_failed", stage: str | None = "run", detail: str = "", **more: Any) -> Cell:
    model, target, variant = name.split("/")
    data = {"model": model, "target": target, "variant": variant, "outcome": outcome, "stage": stage, "detail": detail}
    return Cell.model_validate({**data, "framework": "torch", "family": "x", "route": ("a", "b"), "steps": (), **more})


def matrix(*cells: Cell) -> Matrix:
    return Matrix(generator="x", isolation="process", cells=cells)


def cell_over_its_limit() -> Cell:
    return next(cell for cell in full_matrix().cells if cell.outcome == "mismatch" and cell.outputs[0].worst)


def test_cells_are_picked_by_name_and_by_glob() -> None:
    found = matrix(a_cell("a/t/fp32"), a_cell("b/t/fp32"), a_cell("b/u/fp32"))

    assert [cell.name for cell in pick_cells(found, "b/t/fp32")] == ["b/t/fp32"]
    assert [cell.name for cell in pick_cells(found, "*/t/*")] == ["a/t/fp32", "b/t/fp32"]


@pytest.mark.parametrize(("pattern", "said"), [("a/t/fp16", "did you mean 'a/t/fp32'?"), ("x*", "known: a/t/fp32")])
def test_an_unknown_cell_is_refused_with_the_nearest(pattern: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        pick_cells(matrix(a_cell("a/t/fp32")), pattern)

    assert said in str(refused.value)


def test_failures_are_similar_but_for_names_and_numbers() -> None:
    first = a_cell("lstm/t/fp32", detail="RuntimeError: node 'lstm/While_17' at 0x7f…: 3 inputs, expected 2")
    alike = a_cell("gru/t/fp32", detail="RuntimeError: node 'gru/While_9' at 0x55…: 4 inputs, expected 2")
    other = a_cell("mlp/t/fp32", detail="RuntimeError: the kernel does not take this shape")
    elsewhere = alike.model_copy(update={"model": "rnn", "stage": "load"})

    assert share_a_cause(first, (first, alike, other, elsewhere)) == ("gru/t/fp32",)


def test_cells_over_a_limit_are_similar_wherever_they_are() -> None:
    words = (
        "logits: error 0.05 is over the limit 4e-06",
        "logits: error 0.01 is over the limit 2e-06, worst in axis 1, slice 7",
        "logits: axis 2, slice 17: error 0.01 is over its limit 5e-06",
        "logits: values far out of its range: error 0.5 is over their limit 5e-06",
    )
    outputs = cell_over_its_limit().outputs
    cells = [
        a_cell(f"m{index}/t/fp32", "mismatch", "compare", detail, outputs=outputs) for index, detail in enumerate(words)
    ]

    assert share_a_cause(cells[0], cells) == ("m1/t/fp32", "m2/t/fp32", "m3/t/fp32")


def test_the_worst_slice_is_told_in_words() -> None:
    page = Explanation(cell=cell_over_its_limit(), measurement=None, digests={}, log=(), similar=(), repro=None)

    (line,) = [line for line in as_text(page) if line.startswith("    logits")]

    assert "; worst in axis 1, slice " in line
    assert "(sample 1, element [0, " in line


def test_passing_cells_are_similar_to_none() -> None:
    cells = a_cell("a/t/fp32", "passed", None), a_cell("b/t/fp32", "passed", None)

    assert share_a_cause(cells[0], cells) == ()


def test_of_several_tracebacks_the_last_one_decides() -> None:
    block = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    g()\n'
    log = f"loading\n{block}KeyError: 1\nretrying\n{block}ValueError: no\nsecond line\n"

    assert decisive_lines(log) == (*block.splitlines(), "ValueError: no", "second line")


def test_a_long_traceback_is_abridged_in_its_middle() -> None:
    frames = "".join(f'  File "x.py", line {i}, in f\n' for i in range(100))
    lines = decisive_lines(f"Traceback (most recent call last):\n{frames}ValueError: no\n")

    assert lines[0] == "Traceback (most recent call last):"
    assert "lines left out" in lines[1]
    assert lines[-2:] == ('  File "x.py", line 99, in f', "ValueError: no")
    assert len(lines) == 15


def test_without_a_traceback_the_lines_that_tell_of_an_error_decide_else_the_end() -> None:
    noise = "".join(f"step {i}\n" for i in range(50))

    assert decisive_lines(f"Fatal Python error: Segmentation fault\n{noise}") == (
        "Fatal Python error: Segmentation fault",
    )
    assert decisive_lines(noise)[-1] == "step 49"
    assert decisive_lines("") == ()


def test_what_a_log_says_does_not_steer_the_terminal() -> None:
    assert decisive_lines("\x1b[31mError\x1b[0m: \x1b]0;title\x07\r\x9bx\n")[0].isprintable()


def test_the_text_tells_route_figures_times_and_the_line_to_repeat_it() -> None:
    cell = a_cell("lstm/t/fp32", detail="no such operator", versions={"onnx": "1.23"}, log="logs/x.txt")
    page = Explanation(
        cell=cell,
        measurement=Measurement(cell=cell.name, cached=False, run_s=2e-3, eager_s=1e-3),
        digests={"artifact": "abc"},
        log=("RuntimeError: no such operator",),
        similar=("gru/t/fp32",),
        repro="deploymatrix repro lstm/t/fp32 --run",
    )

    text = "\n".join(as_text(page))

    for word in ("run_failed in stage run", "a → b", "onnx 1.23", "2 times eager", "logs/x.txt", "gru/t/fp32"):
        assert word in text
    assert text.endswith("deploymatrix repro lstm/t/fp32 --run")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b[96mstep 1/3\x1b[0m\tof\n3", "step 1/3\tof\n3"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://x\x1b\\y", "y"),
        ("a\rb\x9bc\x00", "abc"),
    ],
)
def test_printable_text_has_no_sequences(text: str, safe: str) -> None:
    assert printable(text) == safe


def test_warnings_and_reads_are_told_of_a_passing_cell_too() -> None:
    warning = {
        "step": "torchscript/from_torch",
        "rule": "value-fixed",
        "text": "model.py:7: …",
        "means": "It is fixed.",
    }
    cell = a_cell("a/t/fp32", "passed", None, verdict="ok", warnings=(warning,), reads={"shared/w.bin": "ab" * 32})
    explanation = Explanation(cell=cell, measurement=None, digests={}, log=(), similar=(), repro=None)

    text = "\n".join(as_text(explanation))

    assert text.startswith("a/t/fp32: passed")
    assert "value-fixed, torchscript/from_torch: It is fixed. model.py:7: …" in text
    assert "shared/w.bin abababababab" in text


def test_a_device_is_named_and_no_latency_of_it_is_told() -> None:
    cell = a_cell("a/t/fp32", outcome="passed", stage=None, verdict="ok", device="swiftshader")
    measured = Measurement(cell=cell.name, cached=False, load_s=1.0, eager_s=0.5)

    text = list(as_text(Explanation(cell=cell, measurement=measured, digests={}, log=(), similar=(), repro=None)))

    assert "  device    swiftshader: how long it takes is no latency, so none is told" in text
    assert not any("times eager" in line for line in text)


@pytest.mark.parametrize(("emulated", "words"), [(True, ", emulated: how long it takes is no latency"), (False, "")])
def test_a_platform_is_named_and_whether_it_was_emulated(emulated: bool, words: str) -> None:
    cell = a_cell("a/t/fp32", "passed", None, verdict="ok", platform="linux/arm64", emulated=emulated)

    text = list(as_text(Explanation(cell=cell, measurement=None, digests={}, log=(), similar=(), repro=None)))

    (line,) = (line for line in text if "platform" in line)
    assert line.startswith(f"  platform  linux/arm64{words}") and bool(words) == ("emulated" in line)


def test_a_repair_tells_what_a_user_of_the_plain_converter_sees_and_what_shows_it() -> None:
    cell = a_cell("a/tfjs/fp32", "passed", None, repairs=("tfjs-erfc", "a-users-own"))

    told = repairs_of(cell, read_findings(SHIPPED))
    explanation = Explanation(cell=cell, measurement=None, digests={}, log=(), similar=(), repro=None, repairs=told)
    text = "\n".join(as_text(explanation))

    assert "repaired  tfjs-erfc: TensorFlow.js cannot run the exact GELU" in text
    assert "plainly The conversion ends with ValueError" in text
    assert "see it  deploymatrix findings tfjs-erfc" in text
    assert "repaired  a-users-own\n" in f"{text}\n", "a finding that no tree has is named all the same"
    assert [repair["name"] for repair in explanation.as_dict()["repairs"]] == ["tfjs-erfc", "a-users-own"]


def test_a_variant_is_told_beside_full_precision() -> None:
    cell = a_cell("mlp/t/int8", "passed", None, verdict="ok", beside="fp32", size_ratio=0.26)
    times = Measurement(cell=cell.name, cached=False, latency_ratio=4.2, memory_ratio=1.0)

    def told(measurement: Measurement | None) -> list[str]:
        explanation = Explanation(cell=cell, measurement=measurement, digests={}, log=(), similar=(), repro=None)
        return [line.strip() for line in as_text(explanation) if "beside" in line]

    assert told(times) == ["beside    fp32: 0.26 of the size, 4.2 of the time, 1 of the memory"]
    assert told(None) == ["beside    fp32: 0.26 of the size"]
