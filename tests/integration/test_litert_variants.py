"""The second reference of LiteRT files: exact where the runtime is right, and what tells where kernels are wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploymatrix.environments.interpreters import ensure_python

HERE = Path(__file__).parent
LOCKS = HERE.parents[1] / "pipelines/environments"
ROUNDING = 1e-6
WRONG = 0.2


@pytest.fixture(scope="module")
def distances(real_envs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """By file and by kernels, how far these answer away from the graph."""
    folder = tmp_path_factory.mktemp("variants")
    writer, reader = (ensure_python(name, LOCKS / f"{name}.lock", real_envs, print) for name in ("tensorflow", "torch"))
    subprocess.run([writer, HERE / "write_litert_variants.py", folder], check=True, capture_output=True)
    files = sorted(folder.glob("*.tflite"))
    ran = subprocess.run([reader, HERE / "run_litert_variants.py", *files], check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("kind", ["dense", "conv", "pixels", "depthwise"])
def test_ranges_taken_call_by_call_are_those_of_the_runtime(kind: str, distances: dict[str, dict[str, float]]) -> None:
    assert distances[f"dynamic-{kind}"]["runtime"] < ROUNDING


@pytest.mark.parametrize("kind", ["dense", "conv", "pixels", "depthwise"])
def test_what_is_in_the_middle_of_two_levels_goes_where_the_runtime_takes_it(
    kind: str, distances: dict[str, dict[str, float]]
) -> None:
    """Pixels of sixteenths: 0.5 of a range of 1 is level 127.5."""
    assert distances[f"dynamic-{kind}"]["tied"] < ROUNDING


@pytest.mark.parametrize("kind", ["dense", "products", "sums"])
def test_a_static_graph_is_run_as_it_is_but_for_flipped_levels(
    kind: str, distances: dict[str, dict[str, float]]
) -> None:
    assert distances[f"static-{kind}"]["runtime"] < 0.01


def test_tensorflows_own_interpreter_is_found_to_multiply_batches_wrongly(
    distances: dict[str, dict[str, float]],
) -> None:
    assert distances["static-products"]["tensorflow"] > WRONG
    assert distances["static-dense"]["tensorflow"] < 0.01


def test_reference_kernels_alone_would_be_a_wrong_judge_of_sums(distances: dict[str, dict[str, float]]) -> None:
    assert distances["static-sums"]["reference"] > WRONG
