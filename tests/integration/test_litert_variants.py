"""The second reference of LiteRT files: exact where the runtime is right, and what tells where kernels are wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.selftest.kinds import KINDS

HERE = Path(__file__).parent
LOCKS = HERE.parents[1] / "pipelines/environments"
ROUNDING = 1e-6
WRONG = 0.2


@pytest.fixture(scope="module")
def folder(real_envs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Quantised files, and what they were in float32/."""
    folder = tmp_path_factory.mktemp("variants")
    writer = ensure_python("tensorflow", LOCKS / "tensorflow.lock", real_envs, print)
    subprocess.run([writer, HERE / "write_litert_variants.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def distances(real_envs: Path, folder: Path) -> dict[str, dict[str, float]]:
    """By file and by kernels, how far these answer away from the graph."""
    found: dict[str, dict[str, float]] = run(real_envs, "run_litert_variants.py", *sorted(folder.glob("*.tflite")))
    return found


@pytest.fixture(scope="module")
def mutants(real_envs: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """By file and by kind, how far a mutant moves the answers, and what the step refuses it for."""
    files = [folder / f"{name}.tflite" for name in ("dynamic-dense", "static-biased")]
    found: dict[str, dict[str, Any]] = run(real_envs, "run_litert_mutants.py", folder / "float32", *files)
    return found


def run(real_envs: Path, script: str, *arguments: Path) -> Any:
    reader = ensure_python("torch", LOCKS / "torch.lock", real_envs, print)
    ran = subprocess.run([reader, HERE / script, *arguments], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("file", "without", "unseen"),
    [
        ("dynamic-dense", {"range-0.1", "bias-scale-2"}, set()),
        ("static-biased", {"layer-left"}, {"range-0.1"}),  # of activations: only the loss tells
    ],
)
def test_a_quantiser_that_does_something_else_to_weights_is_refused(
    file: str, without: set[str], unseen: set[str], mutants: dict[str, dict[str, Any]]
) -> None:
    found = {kind: mutant for kind, mutant in mutants[file].items() if mutant}

    assert found.keys() == {kind.name for kind in KINDS.values() if kind.maker == "quantised"} - without
    assert {kind for kind, mutant in found.items() if not mutant["refused"]} == unseen
    assert {mutant["refused"][0] for kind, mutant in found.items() if kind not in {"layer-left", *unseen}} == {
        "WrongLevels"
    }
    assert all(mutant["moved"] > ROUNDING for mutant in found.values())


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
