"""Faults of quantised artifacts that were met, planted again: each is found without help, and the right part is blamed.

What was met: a runtime that answers 1.24 away from the graph that it runs; reference kernels that are wrong by 2.9; a
quantiser whose ranges clip; a quantised model that every runtime runs faithfully, and which decides nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.variant_bench import Bench

DENSE = """
from torch import nn


def build():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 8)).eval()
"""

ATTENTION = """
framework = "keras"
family = "transformer"
seed = 5

[[inputs]]
name = "tokens"
dtype = "float32"
shape = [1, 32, 64]

[[outputs]]
name = "answer"
dtype = "float32"
shape = [1, 32, 64]
"""
# Biases as trained ones have, so that zero points are not 0.
TRANSFORMER = """
import keras
from keras import layers


def build():
    tokens = keras.Input((32, 64), name="tokens")
    x = layers.LayerNormalization()(tokens)
    trained = keras.initializers.RandomNormal(1.0, 1.0)
    x = layers.Add()([tokens, layers.MultiHeadAttention(4, 16, bias_initializer=trained)(x, x)])
    return keras.Model(tokens, layers.Dense(64)(layers.Dense(128, activation="relu")(x)))
"""
# It bears the name of a shipped target, in whose environment TensorFlow lies.
TENSORFLOWS = 'format = "litert"\nrunner = "python"\nvariants = ["int8-static"]\n'
INTERPRETER = """
import numpy as np
import tensorflow as tf

VERSIONS = ("tensorflow", "numpy")


def load(payload):
    return tf.lite.Interpreter(str(payload)).get_signature_runner()


def run(session, inputs):
    return session(**inputs)
"""
KERNELS = """

_kernels_load = load


def load(payload):
    session = _kernels_load(payload)
    return [miscomputing(kernels, place) if place in {wrong} else kernels for place, kernels in enumerate(session)]


def miscomputing(kernels, place):
    def answer(inputs):
        found = kernels(inputs)
        draw = np.random.default_rng(place)
        return {{n: a + 2.9 * float(np.sqrt(np.mean(a**2))) * draw.standard_normal(a.shape) for n, a in found.items()}}

    return answer
"""

# What a kernel of the evaluator does that reads where nothing is.
CRASH = """

def run(session, inputs):
    import ctypes

    ctypes.string_at(0)
"""

# One scale for all weights, far too large: three levels are left. FX with the qnnpack backend does so to a convnet.
LEVELS = """

_sound_of = of


def of(model, spec):
    import torch

    ruined = copy.deepcopy(model)
    with torch.no_grad():
        for weight in ruined.parameters():
            weight.copy_((weight / weight.abs().max()).round() * weight.abs().max())
    return _sound_of(ruined, spec)
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("planted"), real_envs)
    bench.add("dense", DENSE)
    return bench


def test_tensorflows_own_interpreter_does_not_run_the_transformer_that_it_is_given(
    tmp_path: Path, real_envs: Path
) -> None:
    """docs/findings/tflite-static-batch-matmul: its delegate; LiteRT's own is right with the same file."""
    bench = Bench(tmp_path, real_envs)
    bench.add("attention", TRANSFORMER, ATTENTION)
    bench.own("targets/savedmodel")
    bench.write("targets/savedmodel/target.toml", TENSORFLOWS)
    bench.write("targets/savedmodel/run.py", INTERPRETER)

    bench.decided("-m", "attention", "-v", "int8-static", "-t", "litert", target="savedmodel")

    right, wrong = sorted(bench.cells(), key=lambda cell: str(cell["target"]))
    assert (wrong["outcome"], wrong["fails"], wrong["blame"]) == ("mismatch", ["fidelity"], "runtime savedmodel")
    fidelity = wrong["outputs"][0]["fidelity"]
    assert fidelity["error"] > 3 * fidelity["loss"] and fidelity["loss"] < 0.05
    assert (right["outcome"], right["artifact"]) == ("passed", wrong["artifact"])


@pytest.mark.parametrize("wrong", [0, 1, 2], ids=["without-delegate", "delegate", "reference"])
def test_kernels_that_are_wrong_judge_nobody_where_two_others_agree(bench: Bench, wrong: int) -> None:
    evaluate = bench.own("pipelines/litert") / "evaluate.py"
    evaluate.write_text(evaluate.read_text() + KERNELS.format(wrong={wrong}))

    cell = bench.decided("-m", "dense", "-v", "int8-static", target="litert")["dense/int8-static"]

    assert (cell["outcome"], cell["fails"], cell["alone"]) == ("passed", [], ""), cell["detail"]
    assert cell["outputs"][0]["fidelity"]["error"] < 0.01


def test_kernels_of_which_no_two_agree_judge_nobody_and_the_record_says_so(bench: Bench) -> None:
    evaluate = bench.own("pipelines/litert") / "evaluate.py"
    evaluate.write_text(evaluate.read_text() + KERNELS.format(wrong={0, 2}))

    cell = bench.decided("-m", "dense", "-v", "int8-static", target="litert")["dense/int8-static"]

    assert "no two sets of kernels agree" in cell["alone"]
    assert (cell["outcome"], cell["outputs"][0]["fidelity"]) == ("passed", None), "judged by its loss alone"
    assert cell["outputs"][0]["snr_db"] > 24


def test_an_evaluator_that_crashes_leaves_no_cell_that_passes(bench: Bench) -> None:
    evaluate = bench.own("pipelines/onnx") / "evaluate.py"
    evaluate.write_text(evaluate.read_text() + CRASH)

    cell = bench.decided("-m", "dense", "-v", "int8-static")["dense/int8-static"]

    assert (cell["outcome"], cell["stage"], cell["blame"]) == ("reference_failed", "reference", "onnx/evaluate")
    assert cell["detail"] == "pipelines/onnx/evaluate.py: killed by SIGSEGV in stage run"
    assert (cell["verdict"], cell["alone"], cell["outputs"]) == ("failed", "", [])
    assert "dense/onnx/int8-static: reference_failed" in bench.call("gate", "-t", "onnx", "-v", "int8-static").stdout


def test_a_quantiser_whose_ranges_clip_is_to_blame(bench: Bench) -> None:
    """docs/findings/litert-quantizer-moving-average: the quantiser as it comes."""
    step = bench.own("pipelines/litert") / "from_litert.py"
    plain = step.read_text().replace("        qsv_update_func=qsv_utils.min_max_update,\n", "")
    assert "min_max_update" not in plain
    step.write_text(plain)

    cell = bench.decided("-m", "dense", "-v", "int8-static", target="litert")["dense/int8-static"]

    assert (cell["outcome"], cell["fails"]) == ("mismatch", ["loss"]), cell
    assert cell["blame"] == "litert/from_litert (int8-static)"
    (output,) = cell["outputs"]
    assert output["fidelity"]["error"] < 0.01 < 0.1 < output["fidelity"]["loss"]


def test_a_trained_model_that_decides_nothing_is_red_although_its_runtime_is_faithful(bench: Bench) -> None:
    variants = bench.own("pipelines/torchscript") / "variants.py"
    variants.write_text(variants.read_text() + LEVELS)

    cell = bench.decided("-m", "digits_mlp", "-v", "int8-dynamic", target="torchscript")["digits_mlp/int8-dynamic"]

    assert (cell["outcome"], cell["fails"]) == ("mismatch", ["loss", "accuracy"])
    assert cell["blame"] == "torchscript/from_torch (int8-dynamic)"
    fidelity = cell["outputs"][0]["fidelity"]
    assert fidelity["error"] < 1e-5 < 0.5 < fidelity["loss"]
    assert cell["accuracy"]["float64"] > 0.9 > 0.5 > cell["accuracy"]["variant"]
