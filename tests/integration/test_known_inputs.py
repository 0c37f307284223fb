"""Mutants of small networks that `compare` must notice, on ONNX Runtime; and lookups, read from real artifacts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.project.project import Project
from deploymatrix.verify.agreement import Agreement, compare_in
from deploymatrix.verify.artifacts import InspectedArtifact
from deploymatrix.verify.inspector import Inspector, inspecting
from deploymatrix.verify.ranges import Range
from deploymatrix.verify.sharing import Pair
from deploymatrix.verify.verify import Claim, verify_in
from tests.integration.conftest import Command

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ALL_IDS = {"ids": Range(0, 256)}


def environment(name: str, envs: Path) -> Path:
    return ensure_python(name, REPOSITORY / f"pipelines/environments/{name}.lock", envs, print)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    """The folders embedding, blind and dense, each with original.onnx and its mutants."""
    out = tmp_path_factory.mktemp("mutants") / "networks"
    python = environment("torch", real_envs)
    subprocess.run([python, HERE / "write_onnx_mutants.py", out], check=True, capture_output=True)
    return out


@pytest.fixture
def inspector(real_build: Path) -> Iterator[Inspector]:
    with inspecting(Project(root=REPOSITORY, build=real_build), "process", 120, print) as found:
        yield found


def compared(inspector: Inspector, folder: Path, first: str = "original", **ranges: Range) -> dict[str, Agreement]:
    """What `compare` makes of each file in the folder, against the first."""
    return {
        path.stem: compare_in(inspector, Pair(first=folder / f"{first}.onnx", second=path, ranges=ranges))
        for path in sorted(folder.glob("*.onnx"))
    }


def passing(found: dict[str, Agreement]) -> set[str]:
    return {name for name, agreement in found.items() if agreement.passed}


def test_every_mutant_is_red_where_the_ids_can_be_read(inspector: Inspector, networks: Path) -> None:
    found = compared(inspector, networks / "embedding")

    assert len(found) >= 10 and passing(found) == {"original"}
    inputs = found["original"].inputs
    assert inputs is not None and inputs.knowledge == "known"
    assert [(entry.table, entry.rows, entry.touched) for entry in inputs.lookups] == [("token.weight", 256, 256)]


def test_every_mutant_of_a_dense_network_is_red(inspector: Inspector, networks: Path) -> None:
    assert passing(compared(inspector, networks / "dense")) == {"original"}


def test_where_the_ids_cannot_be_read_the_verdict_is_blind_and_a_range_makes_every_mutant_red(
    inspector: Inspector, networks: Path
) -> None:
    blind = compared(inspector, networks / "blind")
    ranged = compared(inspector, networks / "blind", **ALL_IDS)

    assert "all-but-two-rows-zeroed" in passing(blind)
    assert {a.inputs.knowledge for a in blind.values() if a.inputs is not None} == {"blind"}
    assert passing(ranged) == {"original"}
    assert {a.inputs.knowledge for a in ranged.values() if a.inputs is not None} == {"known"}


@pytest.mark.parametrize("network", ["embedding", "dense"])
@pytest.mark.parametrize("broken", ["nan", "zero"])
def test_two_files_that_answer_nothing_do_not_pass(
    inspector: Inspector, networks: Path, network: str, broken: str
) -> None:
    artifact = networks / network / f"{broken}.onnx"
    agreement = compare_in(inspector, Pair(first=artifact, second=artifact))

    assert (agreement.outcome, agreement.stage) == ("reference_failed", "reference")
    assert agreement.detail.startswith("logits: ")


def test_verify_counts_the_rows_that_the_given_inputs_touch(inspector: Inspector, networks: Path) -> None:
    artifact = networks / "embedding" / "original.onnx"
    samples = [{"ids": np.full((1, 16), row, np.int64)} for row in (3, 200)]
    described = inspector.describe(artifact, None)
    assert isinstance(described, InspectedArtifact)
    answer = inspector.run(described, samples, ["logits"])
    right = verify_in(inspector, Claim(artifact=artifact, target=None, inputs=samples, reference=answer.outputs))
    same = verify_in(
        inspector, Claim(artifact=artifact, target=None, inputs=samples, reference=[answer.outputs[0]] * 2)
    )

    assert right.passed and right.inputs is not None
    assert [(entry.table, entry.touched) for entry in right.inputs.lookups] == [("token.weight", 2)]
    assert same.outcome == "reference_failed"


def test_a_blind_pass_says_so_first_and_strict_makes_it_red(deploymatrix: Command, networks: Path) -> None:
    folder = networks / "blind"
    call = ("compare", folder / "original.onnx", folder / "all-but-two-rows-zeroed.onnx", "--isolation", "process")
    lax, strict = deploymatrix(*call), deploymatrix(*call, "--strict")

    assert (lax.returncode, strict.returncode) == (0, 1)
    assert lax.stdout.startswith("passed on 4 samples, inputs: blind (ids: 0..1, drawn without a range)\n")
    assert "warning: input ids was drawn blindly" in lax.stderr


def test_what_is_known_is_said_first(deploymatrix: Command, networks: Path) -> None:
    artifact = networks / "embedding" / "original.onnx"
    done = deploymatrix("compare", artifact, artifact, "--isolation", "process", "--strict")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("samples, inputs: known (ids: 0..255, 100 % of token.weight touched)")


SAVE_TORCHSCRIPT = """
import sys, torch
from pathlib import Path

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.token = torch.nn.Embedding(50, 4)
    def forward(self, x, ids):
        return x + self.token(ids.long().clamp(0, 49)).sum(dim=1)

example = (torch.ones(1, 4), torch.ones(1, 3, dtype=torch.int32))
torch.jit.trace(Network().eval(), example).save(Path(sys.argv[1]) / "model.pt")
"""
SAVE_TENSORFLOW = """
import sys, numpy as np, tensorflow as tf
from pathlib import Path

class Network(tf.Module):
    def __init__(self):
        self.table = tf.Variable(np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32), name="token")
        self.second = tf.Variable(np.random.default_rng(1).standard_normal((20, 4)).astype(np.float32))
    @tf.function(input_signature=[tf.TensorSpec([1, 3], tf.int32, "ids"), tf.TensorSpec([1, 3], tf.int32, "wrapped")])
    def __call__(self, ids, wrapped):
        wrapped = wrapped + 20 * tf.cast(wrapped < 0, tf.int32)  # as onnx2tf writes it
        return {"y": tf.gather(self.table, tf.reshape(ids, [3])) + tf.gather(self.second, wrapped)}

network = Network()
out = Path(sys.argv[1])
tf.saved_model.save(network, str(out / "saved_model"), signatures=network.__call__)
converter = tf.lite.TFLiteConverter.from_saved_model(str(out / "saved_model"))
(out / "model.tflite").write_bytes(converter.convert())
"""


@pytest.mark.parametrize(
    ("framework", "script", "artifact", "rows"),
    [
        ("torch", SAVE_TORCHSCRIPT, "model.pt", {"1": 50}),
        ("tensorflow", SAVE_TENSORFLOW, "saved_model", {"ids": 50, "wrapped": 20}),
        ("tensorflow", SAVE_TENSORFLOW, "model.tflite", {"ids": 50, "wrapped": 20}),
    ],
)
def test_lookups_are_read_from_the_graph(
    inspector: Inspector,
    tmp_path: Path,
    real_envs: Path,
    framework: str,
    script: str,
    artifact: str,
    rows: dict[str, int],
) -> None:
    (tmp_path / "save.py").write_text(script)
    subprocess.run([environment(framework, real_envs), tmp_path / "save.py", tmp_path], check=True, capture_output=True)

    found = inspector.describe(tmp_path / artifact, None)

    assert isinstance(found, InspectedArtifact) and found.unread is None
    assert {lookup.input: lookup.rows for lookup in found.lookups or ()} == rows
