"""Options that a step does not know are refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deploymatrix.worker.options import UnknownOption, known_to, refuse_unknown


def step(**members: Any) -> Any:
    return SimpleNamespace(__file__="/p/pipelines/onnx/from_torch.py", **members)


def convert(model: object, *rest: object, opset: int = 17, folder: str = "", **more: object) -> None:
    """Stands for an exporter to which a step hands its options."""


def test_a_misspelt_option_is_named_with_the_key_to_correct() -> None:
    with pytest.raises(UnknownOption) as raised:
        refuse_unknown(step(OPTIONS=("opset", "folded")), {"optset": 17, "folded": True})

    assert str(raised.value) == (
        "the step onnx/from_torch has no option 'optset'; did you mean 'opset'? Correct `options` of [routes.onnx] in "
        "model.toml, or of the step in pipelines/onnx/pipeline.toml: it knows folded, opset"
    )


def test_a_step_that_declares_none_takes_none() -> None:
    with pytest.raises(UnknownOption, match="it takes none"):
        refuse_unknown(step(), {"opset": 17})


def test_known_options_pass() -> None:
    opset = step(OPTIONS=("opset",))

    refuse_unknown(opset, {"opset": 17})
    refuse_unknown(step(), {})

    assert (known_to(opset), known_to(step())) == (["opset"], [])


def test_options_that_are_handed_on_are_the_parameters_of_who_gets_them() -> None:
    assert known_to(step(OPTIONS=convert)) == ["folder", "model", "opset"]
