"""The layers that bring in the noise: the worst first, and in few words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.layers import MOST, LayerRecord, entering, table, worst
from deploymatrix.report.explanation import Explanation, as_text
from tests.fakes.matrices import make_cell


def layer(name: str, own: float, share: float | None, so_far: float = 0.1) -> LayerRecord:
    return LayerRecord(name=name, operator="Gemm", own=own, so_far=so_far, share=share)


LAYERS = (layer("fc1", 1e-4, 0.02), layer("fc2", 1e-5, 0.93), layer("fc3", 1e-3, None))


def test_the_worst_is_the_one_whose_noise_arrives_and_not_the_noisiest() -> None:
    assert [found.name for found in worst(LAYERS)] == ["fc2", "fc1", "fc3"]
    assert len(worst([layer(str(number), 0.1, None) for number in range(99)])) == MOST


def test_a_red_cell_says_where_the_noise_enters() -> None:
    cell = make_cell("mlp", "onnx", variant="int8-static", outcome="mismatch", layers=worst(LAYERS))

    assert explain_red(cell).endswith("; noise enters at fc2 (Gemm, 93 % of it)")
    assert entering(()) == ""


@pytest.mark.parametrize(
    ("share", "said", "shown"),
    [
        (1.004, "100 % of it", "100 %"),
        (1.04, "alone 1.04 times the noise at the end", "1.04 times"),
        (27.3, "alone 27.3 times the noise at the end", "27.3 times"),
        (18639970.29, "alone more than 100 times the noise at the end", "more than 100 times"),
    ],
)
def test_noise_of_which_less_arrives_than_of_one_layer_is_no_share_of_it(share: float, said: str, shown: str) -> None:
    """Noise of several layers cancels, and layers behind may swallow it."""
    layers = (layer("relu_3", 0.1, share),)

    assert entering(layers) == f"noise enters at relu_3 (Gemm, {said})"
    assert list(table(layers))[1].endswith(f"dB  {shown}")


def test_explain_shows_where_the_ratio_falls_and_what_to_do() -> None:
    cell = make_cell("mlp", "onnx", variant="int8-static", outcome="mismatch", layers=worst(LAYERS))

    text = list(as_text(Explanation(cell=cell, measurement=None, digests={}, log=(), similar=(), repro=None)))

    assert any(line.split() == ["fc2", "Gemm", "50.0", "dB", "10.0", "dB", "93", "%"] for line in text)
    assert any("keep fc2 in float32" in line for line in text)


def test_a_layer_without_noise_has_no_ratio() -> None:
    assert list(table((layer("fc", 0.0, 0.0, so_far=0.0),)))[1].split() == ["fc", "Gemm", "exact", "exact", "0", "%"]


@pytest.mark.parametrize("own", [float("nan"), float("inf"), -1.0])
def test_what_is_no_power_is_refused(own: float) -> None:
    with pytest.raises(ValidationError):
        layer("fc", own, None)
