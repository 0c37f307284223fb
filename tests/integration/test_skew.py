"""`skew`: one artifact on real older versions of ONNX Runtime, and the option that an old one asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.conftest import Command


@pytest.fixture(autouse=True)
def _a_project_of_what_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").touch()


def test_a_version_that_refuses_the_file_is_won_by_the_option_that_it_asks_for(deploymatrix: Command) -> None:
    done = deploymatrix("skew", "mlp", "onnx", "--isolation", "process", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    made, widened = json.loads(done.stdout)
    outcomes = [{v: cell["outcome"] for v, cell in found["versions"].items()} for found in (made, widened)]
    assert len(outcomes[0]) >= 4
    assert outcomes[0]["1.17.3"] == "load_failed"
    assert "max supported IR version: 9" in made["versions"]["1.17.3"]["detail"]
    assert (made["last_failing"], made["first"], made["options"]) == ("1.17.3", "1.20.1", {})
    assert (widened["options"], {*outcomes[1].values()}) == ({"ir_version": 9}, {"passed"})
    digests = {cell["artifact"]["sha256"] for cell in made["versions"].values()}
    assert len(digests) == 1, "every version ran the same artifact"


def test_an_option_that_the_file_cannot_do_with_is_refused(deploymatrix: Command) -> None:
    done = deploymatrix("skew", "mlp", "onnx", "--isolation", "process", "-o", "ir_version=3")

    assert done.returncode == 1
    assert "needs at least 9; give a lower opset, too" in done.stdout


def test_a_target_without_versions_says_what_to_write(deploymatrix: Command) -> None:
    done = deploymatrix("skew", "mlp", "savedmodel")

    assert done.returncode == 2
    assert "savedmodel/target.toml: it lists no versions; name some, versions = [...]" in done.stderr
