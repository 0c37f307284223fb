"""`verify` and `compare` take artifacts as they come: real files of onnx, TensorFlow and torch, on real runtimes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Project
from deploymatrix.verify.agreement import Agreement, compare_in
from deploymatrix.verify.artifacts import InspectedArtifact
from deploymatrix.verify.inspector import Inspector, inspecting
from deploymatrix.verify.sharing import Pair
from deploymatrix.verify.verify import Claim, verify_in
from tests.integration.conftest import Command, build_with

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

SAVE_TORCHSCRIPT = """
import sys, numpy as np, torch
weight = torch.tensor(np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32))
class Network(torch.nn.Module):
    def forward(self, x):
        return torch.tanh(x.float() @ weight).to(x.dtype)
torch.jit.trace(Network(), torch.ones(1, 4)).save(sys.argv[1] + "/float32.pt")
torch.jit.trace(Network(), torch.ones(1, 4).bfloat16()).save(sys.argv[1] + "/brain.pt")
"""


def written(script: Path, environment: str, envs: Path, out: Path) -> Path:
    python = ensure_python(environment, REPOSITORY / f"pipelines/environments/{environment}.lock", envs, print)
    subprocess.run([python, script, out], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    return written(HERE / "write_foreign_onnx.py", "torch", real_envs, tmp_path_factory.mktemp("onnx"))


@pytest.fixture(scope="module")
def tensorflow(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    return written(HERE / "write_foreign_savedmodels.py", "tensorflow", real_envs, tmp_path_factory.mktemp("tf"))


@pytest.fixture(scope="module")
def torchscript(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    out = tmp_path_factory.mktemp("torchscript")
    (out / "save.py").write_text(SAVE_TORCHSCRIPT)
    return written(out / "save.py", "torch", real_envs, out)


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Iterator[Inspector]:
    """One for all: each runtime is imported once."""
    build = build_with(tmp_path_factory.mktemp("foreign") / "build", real_envs)
    with inspecting(Project(root=REPOSITORY, build=build), "process", 120, print) as found:
        yield found


def compared(inspector: Inspector, first: Path, second: Path, **options: Any) -> Agreement:
    return compare_in(inspector, Pair(first=first, second=second, **options))


@pytest.mark.parametrize("name", ["external", "deep"])
def test_weights_may_lie_beside_in_files_of_any_name(inspector: Inspector, onnx: Path, name: str) -> None:
    assert compared(inspector, onnx / name / "model.onnx", onnx / name / "other.onnx").passed


def test_weights_outside_of_the_folder_are_refused(inspector: Inspector, onnx: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"refers to '\.\./weights\.bin', which is not inside its own folder"):
        inspector.describe(onnx / "climbing" / "model.onnx", None)


def test_weights_that_are_not_there_are_named(inspector: Inspector, onnx: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"lost/weights\.bin: this is not there"):
        inspector.describe(onnx / "lost" / "model.onnx", None)


@pytest.mark.parametrize(("first", "second"), [("model", "other"), ("other", "model")])
def test_an_input_without_influence_may_be_lost_on_either_side(
    inspector: Inspector, onnx: Path, first: str, second: str
) -> None:
    found = compared(inspector, onnx / f"folded/{first}.onnx", onnx / f"folded/{second}.onnx")

    assert found.passed and found.inputs is not None
    assert [(entry.name, entry.lost_by) for entry in found.inputs.inputs if entry.lost_by] == [
        ("mask", str(onnx / "folded/other.onnx"))
    ]


@pytest.mark.parametrize(("first", "second"), [("model", "other"), ("other", "model")])
def test_an_input_that_matters_may_not(inspector: Inspector, onnx: Path, first: str, second: str) -> None:
    """Even where the limit would forgive what it does."""
    found = compared(inspector, onnx / f"needed/{first}.onnx", onnx / f"needed/{second}.onnx", limit=10.0)

    assert (found.outcome, found.failed_artifact) == ("io_mismatch", str(onnx / "needed/other.onnx"))
    assert "lacks mask, on which y of" in found.detail


def test_verify_takes_a_lost_input_that_varies_between_samples(inspector: Inspector, onnx: Path) -> None:
    generator = np.random.default_rng(0)
    inputs = [
        {name: generator.standard_normal((1, n), np.float32) for name, n in (("x", 4), ("mask", 2))} for _ in "ab"
    ]
    described = inspector.describe(onnx / "folded/model.onnx", None)
    assert isinstance(described, InspectedArtifact)
    answers = inspector.run(described, inputs, ["y"]).outputs  # type: ignore[union-attr]
    lacking = onnx / "folded/other.onnx"

    assert verify_in(inspector, Claim(artifact=lacking, target=None, inputs=inputs, reference=answers)).passed
    same = [{**sample, "mask": inputs[0]["mask"]} for sample in inputs]
    with pytest.raises(ConfigurationError, match="has no input mask, which is the same in all samples"):
        verify_in(inspector, Claim(artifact=lacking, target=None, inputs=same, reference=answers))


def test_free_axes_are_drawn_in_usual_sizes_and_said(deploymatrix: Command, onnx: Path) -> None:
    """The other file answers otherwise from the third row of a batch on: one of the usual sizes shows it."""
    artifact, spoiled = onnx / "free/model.onnx", onnx / "free/other.onnx"
    same = deploymatrix("compare", artifact, artifact, "--isolation", "process")
    other = deploymatrix(
        "compare", artifact, spoiled, "--isolation", "process", "--dim", "batch=1,2,4", "--dim", "time=5"
    )

    assert same.returncode == 0, same.stderr
    assert "  x: float32[batch, time, 4], normal" in same.stdout
    assert "  batch = 1, 3 (usual sizes, which nobody told: see --dim)\n  time = 7, 32 (usual" in same.stdout
    assert other.returncode == 1 and "mismatch in stage compare" in other.stdout, other.stderr
    assert "  batch = 1, 2, 4 (from --dim batch)" in other.stdout


def test_sizes_of_the_batch_show_what_one_alone_does_not(inspector: Inspector, onnx: Path) -> None:
    artifact, spoiled = onnx / "free/model.onnx", onnx / "free/other.onnx"

    assert compared(inspector, artifact, spoiled).outcome == "mismatch"
    assert compared(inspector, artifact, spoiled, dims={"batch": (1, 2)}).passed


def test_axes_without_names_of_one_place_have_one_size(inspector: Inspector, onnx: Path) -> None:
    found = compared(inspector, onnx / "unnamed/model.onnx", onnx / "unnamed/model.onnx")

    assert found.passed and found.inputs is not None
    assert [(dim.name, dim.sizes) for dim in found.inputs.dims] == [("batch", (1, 3))]


def test_artifacts_without_inputs_are_run_once(deploymatrix: Command, inspector: Inspector, onnx: Path) -> None:
    folder = onnx / "nothing-in"
    reference = folder / "reference.npz"
    np.savez(reference, y=np.tanh(np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32)))
    claimed = deploymatrix("verify", folder / "model.onnx", "--reference", reference, "--isolation", "process")

    assert compared(inspector, folder / "model.onnx", folder / "other.onnx").passed
    assert compared(inspector, folder / "model.onnx", folder / "wrong.onnx").outcome == "mismatch"
    assert claimed.returncode == 0, claimed.stdout + claimed.stderr
    assert "warning" not in claimed.stderr


@pytest.mark.parametrize("name", ["half", "brain"])
def test_narrow_floats_are_judged_by_their_own_steps(inspector: Inspector, onnx: Path, name: str) -> None:
    """The first file is float32, the second float16 or bfloat16; the weights of `wrong` are off by 2 % or 20 %."""
    first = onnx / name / "model.onnx"

    assert compared(inspector, first, onnx / name / "other.onnx").passed
    assert compared(inspector, first, onnx / name / "wrong.onnx").outcome == "mismatch"


def test_integers_that_pick_elements_are_drawn_over_the_rows_of_their_table(inspector: Inspector, onnx: Path) -> None:
    found = compared(inspector, onnx / "ids/model.onnx", onnx / "ids/model.onnx")

    assert found.passed and found.inputs is not None and found.inputs.knowledge == "known"
    assert [(entry.table, entry.rows, entry.touched) for entry in found.inputs.lookups] == [("table", 7, 7)]


def test_state_that_goes_in_and_out_is_an_input_like_others(inspector: Inspector, onnx: Path) -> None:
    assert compared(inspector, onnx / "state/model.onnx", onnx / "state/other.onnx").passed


def test_torchscript_is_compared_by_value_and_answers_in_bfloat16(inspector: Inspector, torchscript: Path) -> None:
    inputs = [{"0": np.linspace(-1, 1, 4, dtype=np.float32)[None] * scale} for scale in (1, 2)]
    weight = np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32).astype(np.float64)
    wide = [{"0": np.tanh(sample["0"] @ weight)} for sample in inputs]
    off = [{"0": sample["0"] * 1.001} for sample in wide]

    def outcome(reference: list[dict[str, np.ndarray]], name: str = "float32.pt", limit: float | None = None) -> str:
        claim = Claim(artifact=torchscript / name, target=None, inputs=inputs, reference=reference, limit=limit)
        return verify_in(inspector, claim).outcome

    assert wide[0]["0"].dtype == np.float64
    assert (outcome(wide), outcome(off)) == ("passed", "mismatch")
    assert outcome(wide, "brain.pt", limit=0.02) == "passed"


def test_one_of_several_signatures_is_chosen(inspector: Inspector, tensorflow: Path) -> None:
    several, chosen = tensorflow / "several", tensorflow / "chosen"

    usual = compared(inspector, several, several)
    assert usual.passed and [output.name for output in usual.outputs] == ["y"]
    assert compared(inspector, several, several, second_signature="double").outcome == "mismatch"
    features = compared(inspector, several, chosen, first_signature="features", second_signature="features")
    assert features.passed and [output.name for output in features.outputs] == ["h"]
    assert compared(inspector, chosen, several, first_signature="double", second_signature="double").passed
    only = compared(inspector, tensorflow / "one", chosen, second_signature="features")
    assert only.passed, only.detail


def test_where_a_signature_must_be_chosen_all_are_listed(inspector: Inspector, tensorflow: Path) -> None:
    for artifact in (tensorflow / "chosen", tensorflow / "several.tflite"):
        with pytest.raises(ConfigurationError, match="has several signatures: double, features; choose one"):
            inspector.describe(artifact, None)
        with pytest.raises(ConfigurationError, match="has no signature nothing to choose; it has double, features"):
            inspector.describe(artifact, None, "nothing")


def test_a_signature_of_a_lite_file_is_chosen(inspector: Inspector, tensorflow: Path) -> None:
    lite, saved = tensorflow / "several.tflite", tensorflow / "chosen"

    assert compared(inspector, saved, lite, first_signature="features", second_signature="features").passed
    assert compared(inspector, saved, lite, first_signature="double", second_signature="double").passed


def test_objects_that_only_their_library_can_rebuild_do_not_count(inspector: Inspector, tensorflow: Path) -> None:
    foreign, several = tensorflow / "foreign", tensorflow / "several"
    described = inspector.describe(foreign, None)

    assert isinstance(described, InspectedArtifact), described
    assert "cannot be rebuilt: The type 'library.BoxSpec' has not been registered" in (described.unread or "")
    assert compared(inspector, foreign, several).passed
    assert compared(inspector, foreign, several, second_signature="double").outcome == "mismatch"


@pytest.mark.parametrize("name", ["brain", "counting", "empty", "free"])
def test_saved_models_of_all_kinds_agree_with_themselves(inspector: Inspector, tensorflow: Path, name: str) -> None:
    found = compared(inspector, tensorflow / name, tensorflow / name)

    assert found.passed, found.detail


def test_free_axes_of_two_formats_are_paired(inspector: Inspector, tensorflow: Path, onnx: Path) -> None:
    found = compared(inspector, tensorflow / "free", onnx / "free/model.onnx", dims={"batch": (2,), "axis1": (3, 5)})

    assert found.passed and found.inputs is not None
    assert [dim.name for dim in found.inputs.dims] == ["batch", "axis1"]
