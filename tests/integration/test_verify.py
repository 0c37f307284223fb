"""`verify` and `compare`: with the tiny fakes, and with operator cases of the onnx package on ONNX Runtime."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.environments.engine import engine
from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.project.project import Project
from deploymatrix.verify.arrays import read_arrays
from deploymatrix.verify.inspector import inspecting
from deploymatrix.verify.verify import Claim, Verification, verify_in
from tests.fakes.tree import Tree

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PROCESS = ("--isolation", "process")


def write_matrices(path: Path, fault: str = "", **changes: float) -> Path:
    """An artifact of the fake format: two matrices, each times its factor in `changes`."""
    generator = np.random.default_rng(7)
    matrices = {name: generator.standard_normal((4, 3)).astype(np.float32) for name in ("left", "right")}
    np.savez(
        path, fault=np.array(fault), **{name: m * np.float32(changes.get(name, 1)) for name, m in matrices.items()}
    )
    return path


@pytest.fixture
def claim(tmp_path: Path) -> list[str]:
    """Options --inputs and --reference that fit what write_matrices() writes."""
    artifact = dict(np.load(write_matrices(tmp_path / "right.npz")))
    x = np.linspace(-1, 1, 4, dtype=np.float32)[None]
    np.savez(tmp_path / "inputs.npz", x=x)
    np.savez(tmp_path / "outputs.npz", **{name: x @ artifact[name] for name in ("left", "right")})
    return ["--inputs", str(tmp_path / "inputs.npz"), "--reference", str(tmp_path / "outputs.npz"), *PROCESS]


def test_the_right_artifact_passes(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    done = runnable.run("verify", str(tmp_path / "right.npz"), *claim, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (found["outcome"], found["target"], found["isolation"]) == ("passed", "npz", "process")
    assert [output["name"] for output in found["outputs"]] == ["left", "right"]


def test_a_wrong_artifact_fails_and_the_output_is_named(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    done = runnable.run("verify", str(write_matrices(tmp_path / "wrong.npz", right=1.001)), *claim)
    assert done.returncode == 1
    assert "mismatch in stage compare: right: error" in done.stdout
    assert "✓" in done.stdout and "✗" in done.stdout


def test_the_limit_may_be_another(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    wrong = write_matrices(tmp_path / "wrong.npz", right=1.001)
    assert runnable.run("verify", str(wrong), *claim, "--limit", "0.01").returncode == 0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("load_raises", "load_failed"), ("raise", "run_failed"), ("segfault", "crashed"), ("nan", "nonfinite")],
)
def test_a_runtimes_fault_is_the_outcome(
    runnable: Tree, tmp_path: Path, claim: list[str], fault: str, outcome: str
) -> None:
    done = runnable.run("verify", str(write_matrices(tmp_path / "faulty.npz", fault)), *claim, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == outcome


def test_other_names_are_mapped(runnable: Tree, tmp_path: Path) -> None:
    artifact = dict(np.load(write_matrices(tmp_path / "right.npz")))
    x = np.ones((2, 4), np.float32)
    np.savez(tmp_path / "inputs.npz", image=x)
    np.savez(tmp_path / "outputs.npz", a=x @ artifact["left"], b=x @ artifact["right"])
    files = ["--inputs", str(tmp_path / "inputs.npz"), "--reference", str(tmp_path / "outputs.npz"), *PROCESS]
    call = ["verify", str(tmp_path / "right.npz"), *files]
    unmapped, mapped = runnable.run(*call), runnable.run(*call, "--map", "a=left", "--map", "b=right")
    assert (unmapped.returncode, mapped.returncode) == (1, 0), unmapped.stderr + mapped.stderr
    assert "io_mismatch" in unmapped.stdout


def test_what_is_called_wrongly_is_exit_2(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    right = str(tmp_path / "right.npz")
    (tmp_path / "right.bin").write_bytes(b"?")
    calls = {
        "there is no such artifact": ["verify", str(tmp_path / "none.npz"), *claim],
        "unknown target 'npy'": ["verify", right, "--target", "npy", *claim],
        "does not tell which target": ["verify", str(tmp_path / "right.bin"), *claim],
        "cannot be paired": ["verify", right, *exchanged(claim)],
        "2 --inputs and 1 --reference": ["verify", right, *claim, "--inputs", str(tmp_path / "inputs.npz")],
        "each file is one sample": ["compare", right, right, *both(tmp_path / "inputs.npz", tmp_path / "outputs.npz")],
        "there is no such input; did you mean 'x'": ["verify", right, *claim, "--range", "xx=0:1"],
        "there is no such output; did you mean 'left'": ["verify", right, *claim, "--constant", "lefft"],
        "holds values from -1.0 to 1.0": ["verify", right, *claim, "--range", "x=0:1"],
        "write NAME=LOW:HIGH": ["compare", right, right, "--range", "x=1:0"],
        "write name=artifact_name": ["verify", right, *claim, "--map", "left"],
    }
    for message, call in calls.items():
        done = runnable.run(*call)
        assert done.returncode == 2, call
        assert message in done.stderr


def exchanged(claim: list[str]) -> list[str]:
    """The options with inputs and reference exchanged."""
    swapped = {"--inputs": "--reference", "--reference": "--inputs"}
    return [swapped.get(word, word) for word in claim]


def both(*files: Path) -> list[str]:
    return [word for file in files for word in ("--inputs", str(file))]


def test_a_runtime_that_cannot_be_made_is_exit_4(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    runnable.write("targets/npz/requirements.lock", "not a lock\n")
    done = runnable.run("verify", str(tmp_path / "right.npz"), *claim)
    assert done.returncode == 4, done.stderr


def test_compare_finds_the_output_that_differs(runnable: Tree, tmp_path: Path) -> None:
    first, second = write_matrices(tmp_path / "a.npz"), write_matrices(tmp_path / "b.npz", left=1.01)
    done = runnable.run("compare", str(first), str(second), *PROCESS, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(output["name"], output["problem"] is None) for output in found["outputs"]] == [
        ("left", False),
        ("right", True),
    ]
    assert found["samples"] == 4
    assert found["outputs"][0]["error"] == pytest.approx(0.01, rel=1e-3)


def test_compare_agrees_across_targets(runnable: Tree, tmp_path: Path) -> None:
    artifact = str(write_matrices(tmp_path / "a.npz"))
    assert runnable.run("compare", artifact, artifact, "--target-b", "wrapped", *PROCESS).returncode == 0


def test_an_artifact_that_tells_nothing_needs_inputs(runnable: Tree, tmp_path: Path) -> None:
    """The fake target `plain` has no describe()."""
    artifact = str(write_matrices(tmp_path / "a.npz"))
    np.savez(tmp_path / "inputs.npz", x=np.ones((1, 4), np.float32))
    call = ["compare", artifact, artifact, "--target-a", "plain", *PROCESS]
    bare, given = runnable.run(*call), runnable.run(*call, "--inputs", str(tmp_path / "inputs.npz"))
    assert (bare.returncode, given.returncode) == (2, 0), given.stderr
    assert "does not tell its inputs" in bare.stderr


def test_compare_says_which_artifact_does_not_even_run(runnable: Tree, tmp_path: Path) -> None:
    first, second = write_matrices(tmp_path / "a.npz"), write_matrices(tmp_path / "b.npz", "load_raises")
    done = runnable.run("compare", str(first), str(second), *PROCESS, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert (found["outcome"], found["failed_artifact"]) == ("load_failed", str(second))


def test_without_an_engine_somebody_elses_artifact_is_not_run(
    runnable: Tree, tmp_path: Path, claim: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    call = ["verify", str(tmp_path / "right.npz"), *claim]

    refused = runnable.run(*call, "--isolation", "auto")
    allowed = runnable.run(*call, *PROCESS)

    assert refused.returncode == 4
    assert "artifacts that somebody else made run in containers" in refused.stderr
    assert allowed.returncode == 0
    assert allowed.stderr.count("with your rights on this machine") == 1


def test_a_link_beside_an_artifact_is_refused_by_name(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    (tmp_path / "right.npz.data").symlink_to("/etc/hostname")

    done = runnable.run("verify", str(tmp_path / "right.npz"), *claim)

    assert done.returncode == 2
    assert f"{tmp_path}/right.npz.data: this is a symbolic link" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.docker
def test_in_a_container_the_verdicts_are_the_same(runnable: Tree, tmp_path: Path, claim: list[str]) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    wrong, crashing = write_matrices(tmp_path / "w.npz", right=1.001), write_matrices(tmp_path / "c.npz", "segfault")
    found = {}
    for artifact in (tmp_path / "right.npz", wrong, crashing):
        done = runnable.run("verify", str(artifact), *claim, "--isolation", "docker", "--json")
        found[artifact.stem] = (json.loads(done.stdout)["outcome"], json.loads(done.stdout)["isolation"])
    assert found == {"right": ("passed", "docker"), "w": ("mismatch", "docker"), "c": ("crashed", "docker")}


@pytest.fixture(scope="module")
def onnx_cases(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    """Every third operator's first case, as model.onnx, inputs.npz and outputs.npz."""
    python = ensure_python("torch", REPOSITORY / "pipelines/environments/torch.lock", real_envs, print)
    everything = tmp_path_factory.mktemp("onnx") / "cases"
    subprocess.run([python, HERE / "write_onnx_cases.py", everything], check=True, capture_output=True)
    chosen = tmp_path_factory.mktemp("chosen")
    for folder in sorted(everything.iterdir())[::3]:
        folder.rename(chosen / folder.name)
    return chosen


def test_operator_cases_pass_or_fail_as_the_runtime_alone_says(
    onnx_cases: Path, real_envs: Path, real_build: Path
) -> None:
    """ONNX Runtime without us is the judge of what it supports; then each passing case fails with a planted error."""
    expected = judged_by_the_runtime_alone(onnx_cases, real_envs)
    found, planted = {}, {}
    project = Project(root=REPOSITORY, build=real_build)
    with inspecting(project, "process", 60, print) as inspector:
        for name in expected:
            claim = claim_of(onnx_cases / name)
            found[name] = verify_in(inspector, claim).outcome
            if found[name] == "passed":
                planted[name] = verify_in(inspector, spoiled(claim))
    assert found == expected
    assert {"passed", "load_failed"} <= set(found.values())
    assert len(planted) >= 30
    assert {name for name, result in planted.items() if not is_one_mismatch(result)} == set()


def judged_by_the_runtime_alone(cases: Path, envs: Path) -> dict[str, str]:
    python = ensure_python("target-onnx", REPOSITORY / "targets/onnx/requirements.lock", envs, print)
    done = subprocess.run([python, HERE / "run_onnx_cases.py", cases], check=True, capture_output=True, text=True)
    outcomes: dict[str, str] = json.loads(done.stdout)
    return outcomes


def claim_of(folder: Path) -> Claim:
    """A case's claim; that the answer is one number throughout is what some cases are about."""
    reference = read_arrays(folder / "outputs.npz")
    return Claim(
        artifact=folder / "model.onnx",
        target=None,
        inputs=[read_arrays(folder / "inputs.npz")],
        reference=[reference],
        constant=tuple(name for name, array in reference.items() if np.unique(array).size == 1),
    )


def spoiled(claim: Claim) -> Claim:
    """The claim with one element of the first non-empty output wrong: by 1 % of the output's size, or by 1."""
    reference = {name: array.copy() for name, array in claim.reference[0].items()}
    array = next(array for array in reference.values() if array.size)
    element = int(np.argmax(np.isfinite(array)))  # a NaN that is expected stays one
    if array.dtype.kind == "f":
        size = float(np.abs(array[np.isfinite(array)], dtype=np.float64).max(initial=0.0))
        array.flat[element] += array.dtype.type(0.01 * size or 1.0)
    else:
        array.flat[element] = array.flat[element] ^ 1
    return replace(claim, reference=[reference])


def is_one_mismatch(result: Verification) -> bool:
    return result.outcome == "mismatch" and sum(output.problem is not None for output in result.outputs) == 1
