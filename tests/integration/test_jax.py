"""Models of JAX: what is frozen and answered for, where they go, and that a wrong answer of the runner is seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_reach_targets import WRONG
from tests.integration.variant_bench import Bench

Cell = dict[str, Any]

TOML = """
framework = "jax"
family = "vision"
seed = 7

[[inputs]]
name = "image"
dtype = "float32"
shape = [{batch}, 8, 6, 4]

[[outputs]]
name = "largest"
dtype = "float32"
shape = [{batch}, 4, 3, 4]

[[outputs]]
name = "logits"
dtype = "float32"
shape = [{batch}, 5]
"""
FREE = "\n[dims]\nbatch = { min = 1, max = 4, try = [1, 3] }\n"
MODEL = """
import jax
import jax.numpy as jnp
from jax import lax

WINDOW = (1, 2, 2, 1)


def build():
    return init, apply


def init(key):
    return {"head": [jax.random.normal(key, (4, 5))], "steps": jnp.arange(3)}


def apply(parameters, image):
    largest = lax.reduce_window(image, -jnp.inf, lax.max, WINDOW, WINDOW, "VALID")
    total = lax.reduce_window(largest, 0.0, lax.add, (1, 2, 1, 1), (1, 2, 1, 1), "VALID")
    return {"logits": total.mean(axis=(1, 2)) @ parameters["head"][0], "largest": largest}
"""
ROUNDING = MODEL.replace("total.mean", "total.astype(jnp.float32).mean")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("jax"), real_envs)
    bench.add("free", MODEL, TOML.format(batch='"batch"') + FREE)
    bench.add("rounding", ROUNDING, TOML.format(batch=1))
    bench.add("wide", MODEL, TOML.format(batch=1).replace('"float32"', '"float64"', 1))
    bench.add("calibrated", MODEL, "calibrate = true\n" + TOML.format(batch=1))
    return bench


@pytest.fixture(scope="module")
def cells(bench: Bench) -> dict[str, Cell]:
    bench.decided(
        *("-m", "free", "-m", "rounding", "-m", "wide", "-m", "calibrated"),
        *("-t", "jax-export", "-t", "litert", "-t", "onnx", "-t", "executorch", "-k", "jax-export or free"),
    )
    return {f"{cell['model']}/{cell['target']}": cell for cell in bench.cells() if cell["variant"] == "fp32"}


@pytest.mark.parametrize("target", ["jax-export", "litert", "onnx"])
def test_a_model_of_any_batch_that_pools_runs_where_its_routes_lead(cells: dict[str, Cell], target: str) -> None:
    cell = cells[f"free/{target}"]

    assert cell["outcome"] == "passed", cell
    assert [output["name"] for output in cell["outputs"]] == ["largest", "logits"]


def test_pooling_over_more_axes_than_runtimes_have_is_repaired_in_onnx(cells: dict[str, Cell]) -> None:
    assert cells["free/onnx"]["repairs"] == ["jax2onnx-pooling-axes"]


def test_no_exporter_of_pytorch_has_a_route(cells: dict[str, Cell]) -> None:
    assert cells["free/executorch"]["outcome"] == "unsupported"
    assert "no exporter of PyTorch takes a function of JAX" in cells["free/executorch"]["detail"]


def test_a_model_that_rounds_to_float32_is_held_to_float32(cells: dict[str, Cell]) -> None:
    assert cells["rounding/jax-export"]["outcome"] == "passed"
    assert cells["rounding/jax-export"]["yardstick"] == "float32"
    assert cells["free/jax-export"]["yardstick"] == "float64"


def test_what_jax_does_not_follow_is_refused_in_words(cells: dict[str, Cell]) -> None:
    assert "declare image float64 with 32" in cells["wide/jax-export"]["detail"]
    assert "models of JAX are not calibrated" in cells["calibrated/jax-export"]["detail"]


def test_a_wrong_answer_of_the_runner_is_seen(bench: Bench, cells: dict[str, Cell]) -> None:
    runner = bench.own("targets/jax-export") / "run.py"
    runner.write_text(runner.read_text().replace("np.asarray(array)", "np.array(array)") + WRONG)

    [cell] = bench.decided("-m", "free", target="jax-export").values()

    assert cell["outcome"] == "mismatch", cell
    assert 0.9e-3 < max(output["error"] for output in cell["outputs"]) < 1.1e-3
