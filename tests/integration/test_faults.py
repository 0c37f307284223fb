"""Each fault changes exactly its own cells, to the right outcome: in processes and, with an engine, in containers.

A fault is a copy of the model `linear` with an option that the step npz/from_numpy commits, or hands on to the runner
of the target `npz`. The targets `plain` and `wrapped` run the same model without committing anything.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploymatrix.errors import GATE_FAILED
from tests.fakes.tree import Tree

Cells = dict[str, dict[str, Any]]

TIMEOUT_S = "5"
ALL = ("npz", "plain", "wrapped")


@dataclass(frozen=True)
class Fault:
    """What a model's cells must come to on `targets`; on the others it passes."""

    name: str
    outcome: str
    stage: str
    words: str
    targets: tuple[str, ...] = ("npz",)


FAULTS = [
    Fault("segfault", "crashed", "run", "SIGSEGV"),
    Fault("abort", "crashed", "run", "SIGABRT"),
    Fault("kill", "crashed", "run", "SIGKILL"),
    Fault("exit_without_reply", "run_failed", "run", "without a reply"),
    Fault("hang", "timed_out", "run", "(--timeout)"),
    Fault("allocate", "out_of_memory", "run", "256 MiB"),
    Fault("raise", "run_failed", "run", "the kernel does not take this shape"),
    Fault("load_raises", "load_failed", "load", "an operator that this runtime lacks"),
    Fault("wrong_shape", "io_mismatch", "compare", "shape is [3, 1], declared [1, 3]"),
    Fault("wrong_dtype", "io_mismatch", "compare", "dtype is float64, declared float32"),
    Fault("renamed_output", "io_mismatch", "compare", "missing outputs: right"),
    Fault("renamed_outputs", "io_mismatch", "compare", "missing outputs: left, right"),
    Fault("swapped_names", "mismatch", "compare", "over the limit"),
    Fault("slightly_wrong", "mismatch", "compare", "error 0.001 is over the limit"),
    Fault("nan", "nonfinite", "compare", "being NaN"),
    Fault("export_raises", "export_failed", "export", "the exporter gave up", targets=ALL),
    Fault("export_leaves_nothing", "export_failed", "export", "left no artifact", targets=ALL),
    Fault("export_leaves_a_link", "export_failed", "export", "symbolic link", targets=ALL),
    Fault(
        "export_claims_another_shape",
        "io_mismatch",
        "compare",
        "shape is [1, 3], declared [3]",
        targets=("npz", "plain"),
    ),
    Fault("export_claims_no_dtype", "export_failed", "export", "signature's outputs: dtype", targets=ALL),
    Fault("export_segfaults", "crashed", "export", "SIGSEGV", targets=ALL),
]


def cells_of(tree: Tree) -> Cells:
    cells = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    return {f"{cell['model']}/{cell['target']}": cell for cell in cells}


def measurements_of(tree: Tree) -> dict[str, Any]:
    measured: dict[str, Any] = json.loads((tree.build / "measurements.json").read_text(encoding="utf-8"))
    return measured


def outcomes_of(cells: Cells) -> dict[str, str]:
    return {name: cell["outcome"] for name, cell in cells.items()}


@pytest.fixture(scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def isolation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "docker":
        from deploymatrix.environments.engine import engine

        if engine() is None:
            pytest.skip("no Docker engine answers here")
    return name


@pytest.fixture(scope="module")
def faulty(
    isolation: str, tmp_path_factory: pytest.TempPathFactory, make_runnable: Callable[[Path], Tree]
) -> tuple[Any, Cells]:
    """One run, four tasks at a time, of all faults and of one model without any."""
    tree = make_runnable(tmp_path_factory.mktemp("faults") / "project")
    for fault in FAULTS:
        tree.add_model(fault.name, f'[routes.npz]\noptions = {{ fault = "{fault.name}" }}')
    done = tree.run("run", "--isolation", isolation, "--timeout", TIMEOUT_S, "--jobs", "4")
    assert done.returncode == GATE_FAILED, done.stderr
    return tree, cells_of(tree)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_comes_to_the_right_outcome(faulty: tuple[Any, Cells], fault: Fault) -> None:
    for target in fault.targets:
        cell = faulty[1][f"{fault.name}/{target}"]
        assert (cell["outcome"], cell["stage"]) == (fault.outcome, fault.stage), cell["detail"]
        assert fault.words in cell["detail"]


def test_every_other_cell_passes(faulty: tuple[Any, Cells]) -> None:
    faults = {f"{fault.name}/{target}" for fault in FAULTS for target in fault.targets}
    others = {name: outcome for name, outcome in outcomes_of(faulty[1]).items() if name not in faults}

    assert len(others) == len(ALL) * (1 + len(FAULTS)) - len(faults)
    assert others == dict.fromkeys(others, "passed")


def test_a_failed_export_is_blamed_on_its_step(faulty: tuple[Any, Cells]) -> None:
    failed = [cell for cell in faulty[1].values() if cell["stage"] == "export"]

    assert len(failed) == 15
    assert {cell["blame"] for cell in failed} == {"npz/from_numpy"}


def test_every_cell_tells_its_isolation(faulty: tuple[Any, Cells], isolation: str) -> None:
    for cell in faulty[1].values():
        assert cell["isolation"] == isolation
        assert (cell["image"] is not None) == (isolation == "docker")


def test_the_matrix_validates_by_the_published_schema(faulty: tuple[Any, Cells]) -> None:
    schema = json.loads(
        (Path(__file__).resolve().parents[2] / "docs" / "matrix.schema.json").read_text(encoding="utf-8")
    )
    matrix = json.loads((faulty[0].build / "matrix.json").read_text(encoding="utf-8"))

    assert list(jsonschema.Draft202012Validator(schema).iter_errors(matrix)) == []


def test_the_log_of_an_exception_holds_its_traceback(faulty: tuple[Any, Cells]) -> None:
    tree, cells = faulty

    log = (tree.build / cells["raise/npz"]["log"]).read_text(encoding="utf-8")

    assert "Traceback" in log
    assert "the kernel does not take this shape" in log


def test_the_same_failures_give_the_same_bytes(faulty: tuple[Any, Cells], isolation: str) -> None:
    tree, _ = faulty
    before = (tree.build / "matrix.json").read_bytes()

    tree.run("run", "--isolation", isolation, "--timeout", TIMEOUT_S, "--jobs", "4")

    assert (tree.build / "matrix.json").read_bytes() == before
    measured = measurements_of(tree)
    # What hung, ran out of memory or was killed is tried again.
    assert (measured["exports"], measured["runs"]) == (0, 3)


@pytest.mark.parametrize("selection", [(), ("-t", "wrapped")], ids=["all targets", "only wrapped"])
@pytest.mark.parametrize(
    ("format_", "blamed", "wrong"),
    [
        ("npz", "npz/from_numpy", {"npz", "plain", "wrapped"}),
        ("wrapped", "wrapped/from_npz", {"wrapped"}),
    ],
)
def test_a_wrong_answer_is_blamed_on_the_first_wrong_step(
    runnable: Tree, selection: tuple[str, ...], format_: str, blamed: str, wrong: set[str]
) -> None:
    runnable.add_model("spoiled", f"[routes.{format_}]\noptions = {{ spoil = 1.01 }}")

    runnable.run("run", "--isolation", "process", "-m", "spoiled", *selection)

    cells = cells_of(runnable)
    assert cells["spoiled/wrapped"]["blame"] == blamed
    for name, cell in cells.items():
        expected = ("mismatch", blamed) if name.split("/")[1] in wrong else ("passed", None)
        assert (cell["outcome"], cell["blame"]) == expected


def test_a_fault_of_the_runtime_is_not_blamed_on_a_step_that_others_verify(runnable: Tree) -> None:
    runnable.add_model("crasher", '[routes.npz]\noptions = { fault = "segfault" }')

    runnable.run("run", "--isolation", "process", "-m", "crasher")

    assert outcomes_of(cells_of(runnable)) == {
        "crasher/npz": "crashed",
        "crasher/plain": "passed",
        "crasher/wrapped": "passed",
    }


def artifacts(tree: Tree, entry: str) -> Iterator[Path]:
    """The stored artifacts of a format, by the name of their entry."""
    return (tree.build / "store" / "artifacts").glob(f"*/files/{entry}")


def test_an_artifact_that_changed_after_its_manifest_was_written_is_made_again_and_not_run(runnable: Tree) -> None:
    assert runnable.run("run", "--isolation", "process").returncode == 0
    (artifact,) = artifacts(runnable, "wrapped.npz")
    right = artifact.read_bytes()
    artifact.write_bytes(right + b"\0")
    for target in ("npz", "plain", "wrapped"):
        runnable.append(f"targets/{target}/run.py", "\nEXTRA = 1\n")

    done = runnable.run("run", "--isolation", "process")

    assert outcomes_of(cells_of(runnable)) == {
        "linear/npz": "passed",
        "linear/plain": "passed",
        "linear/wrapped": "passed",
    }
    assert "wrapped.npz changed after its manifest was written" in done.stderr and "it is made again" in done.stderr
    assert artifact.read_bytes() == right
    assert (measurements_of(runnable)["exports"], measurements_of(runnable)["runs"]) == (1, 3)


def test_a_model_that_answers_the_same_to_everything_has_no_reference(runnable: Tree) -> None:
    runnable.add_model("constant")
    runnable.change(
        "models/constant/model.py", "generator.standard_normal((4, 3))", "0 * generator.standard_normal((4, 3))"
    )

    runnable.run("run", "--isolation", "process")

    cells = cells_of(runnable)
    for target in ("npz", "plain", "wrapped"):
        cell = cells[f"constant/{target}"]
        assert (cell["outcome"], cell["stage"]) == ("reference_failed", "reference")
        assert "varies between samples by only 0.0e+00 of its size" in cell["detail"]
        assert cells[f"linear/{target}"]["outcome"] == "passed"


FLAKY = """
from pathlib import Path


def load(payload):
    if Path({flag!r}).exists():
        raise OSError("the accelerator is gone")
    return dict(np.load(payload))
"""


def test_a_newer_failure_is_not_covered_by_an_older_success(runnable: Tree) -> None:
    flag = runnable.root / "gone"
    runnable.append("targets/plain/run.py", FLAKY.format(flag=str(flag)))
    command = ("run", "--isolation", "process", "-t", "plain")
    assert runnable.run(*command).returncode == 0

    flag.touch()
    failed, again = runnable.run(*command, "--fresh"), runnable.run(*command)

    assert (failed.returncode, again.returncode) == (GATE_FAILED, GATE_FAILED)
    assert outcomes_of(cells_of(runnable)) == {"linear/plain": "load_failed"}


def test_samples_that_were_changed_are_drawn_again(runnable: Tree) -> None:
    assert runnable.run("run", "--isolation", "process").returncode == 0
    (sample,) = (runnable.build / "store" / "samples").glob("*/files/2/x.npy")
    right = sample.read_bytes()
    sample.write_bytes(right[:-1] + b"\1")
    runnable.append("targets/npz/run.py", "\nEXTRA = 1\n")

    assert runnable.run("run", "--isolation", "process").returncode == 0
    (sample,) = (runnable.build / "store" / "samples").glob("*/files/2/x.npy")
    assert sample.read_bytes() == right


def test_a_model_folder_outside_the_project(runnable: Tree, tmp_path: Path) -> None:
    runnable.add_model("mine", folder=tmp_path / "zoo")
    shutil.rmtree(runnable.root / "models")

    done = runnable.run("run", "--isolation", "process", "--models", str(tmp_path / "zoo"))

    assert done.returncode == 0, done.stderr
    assert outcomes_of(cells_of(runnable)) == dict.fromkeys(["mine/npz", "mine/plain", "mine/wrapped"], "passed")
