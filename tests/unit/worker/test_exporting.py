"""What a step tells besides its signature: the findings whose defects it repaired."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.worker.exporting import repairs_of

SIGNATURE: dict[str, Any] = {"inputs": {"x": "x"}, "outputs": {"y": "y"}}


def test_repairs_are_taken_out_of_what_export_returns() -> None:
    raw = {**SIGNATURE, "repairs": ["tfjs-erfc", "onnx2tf-output-axes", "tfjs-erfc"]}

    assert repairs_of(raw) == ["tfjs-erfc", "onnx2tf-output-axes"]
    assert raw == SIGNATURE


@pytest.mark.parametrize("raw", [dict(SIGNATURE), {**SIGNATURE, "repairs": []}, None, "a signature"])
def test_a_step_need_not_name_any(raw: Any) -> None:
    assert repairs_of(raw) == []


@pytest.mark.parametrize("repairs", ["tfjs-erfc", ("tfjs-erfc",), [1], [""], ["../up"], ["two words"], ["<b>"], None])
def test_anything_but_a_list_of_folder_names_is_refused(repairs: Any) -> None:
    with pytest.raises(ValueError, match=r"must return repairs as a list of findings' names"):
        repairs_of({**SIGNATURE, "repairs": repairs})
