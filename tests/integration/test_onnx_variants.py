"""The variants of small ONNX models: ONNX Runtime runs them as their graphs say, and these lose what they must."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.interpreters import ensure_python

HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "pipelines/environments/onnxruntime.lock"
MODELS = [
    *("dense", "convolution", "masked_attention", "free_ids", "unrolled"),
    *("lstm", "lstm_reverse", "lstm_both_ways"),
]
LOSS = {"fp16": 1e-3, "int8-dynamic": 0.03, "int8-static": 0.06}
SATURATION, ORDER = "onnxruntime-int8-saturation", "onnxruntime-float16-order"


@pytest.fixture(scope="module")
def found(real_envs: Path) -> Any:
    """What the steps and the evaluator gave, in their own environment."""
    python = ensure_python("onnxruntime", LOCK, real_envs, print)
    done = subprocess.run([python, HERE / "run_onnx_variants.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("variant", LOSS)
@pytest.mark.parametrize("model", MODELS)
def test_a_variant_is_run_as_its_graph_says(found: Any, model: str, variant: str) -> None:
    made = found["made"][f"{model}/{variant}"]

    assert made["fidelity"] < 1e-6
    assert made["loss"] < LOSS[variant]
    assert made["same_ends"]


@pytest.mark.parametrize("model", MODELS)
def test_rounding_on_the_way_is_as_wide_as_the_numbers_are(found: Any, model: str) -> None:
    assert 5e-5 < found["made"][f"{model}/fp16"]["noise"] < 1e-3
    assert found["made"][f"{model}/int8-dynamic"]["noise"] < 1e-6
    assert found["made"][f"{model}/int8-static"]["noise"] < 1e-6


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        ("dense/int8-dynamic", {"DynamicQuantizeLinear", "MatMulInteger"}),
        ("convolution/int8-dynamic", {"ConvInteger", "Conv"}),  # a grouped one stays
        ("convolution/int8-static", {"QuantizeLinear", "DequantizeLinear", "Conv"}),
        ("lstm/int8-dynamic", {"DynamicQuantizeLSTM"}),
    ],
)
def test_layers_are_quantised(found: Any, made: str, kinds: set[str]) -> None:
    assert kinds <= set(found["made"][made]["kinds"])
    assert found["made"][made]["loss"] > 1e-3


def test_with_all_operators_a_mask_takes_the_whole_range(found: Any) -> None:
    assert found["made"]["masked_attention/all"]["loss"] > 10 * found["made"]["masked_attention/int8-static"]["loss"]


def test_what_one_layer_is_called_on_shares_a_range(found: Any) -> None:
    assert found["made"]["unrolled/int8-static"]["scales"] == 1
    assert found["made"]["dense/int8-static"]["scales"] == 2


def test_int8_weights_are_moved_to_where_no_kernel_saturates(found: Any) -> None:
    quantised = [name for name, made in found["made"].items() if "int8" in name and made["loss"] > 1e-3]

    assert len(quantised) == 13
    assert {name: found["made"][name]["repairs"] for name in quantised} == {name: [SATURATION] for name in quantised}


def test_without_the_repair_a_cpu_saturates(found: Any) -> None:
    if not found["saturation"]["saturates"]:
        pytest.skip("this CPU multiplies uint8 by int8 exactly, as those with VNNI do")

    assert found["saturation"]["plain"] > 0.05


def test_nodes_are_sorted(found: Any) -> None:
    assert "topologically sorted" in found["unsorted"]["checker"]
    assert found["unsorted"]["fidelity"] < 1e-6  # the evaluator takes the plain converter's order, too
    assert found["unsorted"]["branch"] == -9
    assert found["made"]["dense/fp16"]["repairs"] == [ORDER]
    assert found["made"]["free_ids/fp16"]["repairs"] == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("variant", "ValueError: int8-weights is none of fp16, int8-dynamic, int8-static"),
        ("calibration", "ValueError: int8-static takes ranges from calibration samples; there are none"),
        ("circle", "ValueError: the nodes of the graph stand in a circle"),
        ("clip", "NoSecondReference: an LSTM with"),
    ],
)
def test_what_is_not_done_is_refused(found: Any, what: str, said: str) -> None:
    assert found["refused"][what].startswith(said)
