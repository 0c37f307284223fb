"""Gating a release: from a baseline to a broken step, its diff, its cell page, and a bundle that reproduces it."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK, USAGE
from tests.fakes.tree import Tree

SPOILED = "linear/wrapped/fp32"
STEP = "wrapped/from_npz"
TIMEOUT = ("--timeout", "5")


@dataclass(frozen=True)
class Bundle:
    """An unzipped bundle, and an interpreter that has numpy and nothing else."""

    folder: Path
    python: Path

    def reproduce(self) -> subprocess.CompletedProcess[str]:
        bare = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        command = [str(self.python), "reproduce.py"]
        return subprocess.run(command, cwd=self.folder, env=bare, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, make_runnable: Callable[[Path], Tree]) -> Tree:
    """A project that was green when its baseline was written; then a weight was spoiled in one export step."""
    tree = make_runnable(tmp_path_factory.mktemp("release") / "project")
    assert tree.run("run", "--isolation", "process").returncode == OK
    assert tree.run("baseline", "update", "--file", str(tree.root / "baseline.json")).returncode == OK
    tree.change("pipelines/wrapped/from_npz.py", 'options.get("spoil", 1.0)', '(1.01 if "left" in arrays else 1.0)')
    assert tree.run("run", "--isolation", "process").returncode == GATE_FAILED
    return tree


def unzip(archive: Path, folder: Path, python: Path) -> Bundle:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return Bundle(folder, python)


def only_numpy(tree: Tree, cell_place: str = "target-plain") -> Path:
    """The interpreter of a runtime environment whose lock pins numpy alone."""
    python: Path = next((tree.build / "envs").glob(f"{cell_place}-*")) / "bin" / "python"
    probe = "import importlib.util as u; print([n for n in ('numpy', 'deploymatrix', 'pydantic') if u.find_spec(n)])"
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    found = subprocess.run([str(python), "-c", probe], env=bare, capture_output=True, text=True, cwd=tree.build)
    assert found.stdout.strip() == "['numpy']"
    return python


def test_the_diff_names_exactly_the_broken_cell_and_step(release: Tree) -> None:
    done = release.run("diff", str(release.root / "baseline.json"), str(release.build), "--json")

    changed = [cell for cell in json.loads(done.stdout)["cells"] if cell["change"] != "unchanged"]
    assert done.returncode == GATE_FAILED
    assert [(cell["cell"], cell["change"], cell["after"]["blame"]) for cell in changed] == [
        (SPOILED, "regressed", STEP)
    ]


def test_the_gate_closes_and_lists_the_regression(release: Tree) -> None:
    done = release.run("gate", "--baseline", str(release.root / "baseline.json"))

    assert done.returncode == GATE_FAILED
    assert f"regressed: {SPOILED}: passed → mismatch in stage compare, blamed on {STEP}" in done.stdout
    assert "gate closed: 2 passed, 0 expected, 1 red, 1 regressed, 0 missing" in done.stdout


def test_a_gate_on_other_targets_does_not_see_the_regression(release: Tree) -> None:
    done = release.run("gate", "-t", "plain", "--baseline", str(release.root / "baseline.json"))

    assert done.returncode == OK
    assert "removed" not in done.stdout


def test_explain_tells_what_it_takes_to_repair_the_cell(release: Tree) -> None:
    done = release.run("explain", SPOILED, "--json")

    [page] = json.loads(done.stdout)
    assert page["cell"]["blame"] == STEP
    assert page["cell"]["route"] == ["numpy", "npz", "wrapped"]
    assert page["digests"]["artifact"] == page["cell"]["artifact"]["sha256"]
    assert page["cell"]["outputs"][0]["headroom"] > 1
    assert page["repro"].endswith(f"repro {SPOILED} --run")


def test_the_printed_line_is_the_one_that_explain_gives(release: Tree) -> None:
    explained = json.loads(release.run("explain", SPOILED, "--json").stdout)[0]["repro"]

    assert release.run("repro", SPOILED).stdout.strip() == explained


def test_repro_does_the_failing_stage_again(release: Tree) -> None:
    done = release.run("repro", SPOILED, "--run")

    assert done.returncode == GATE_FAILED
    assert "error 0.01 is over the limit 2e-06" in done.stdout
    assert "(the same outcome)" in done.stdout


def test_a_bundle_reproduces_it_outside_of_the_project(release: Tree, tmp_path: Path) -> None:
    assert release.run("repro", SPOILED, "--bundle", str(tmp_path / "out.zip")).returncode == OK
    bundle = unzip(tmp_path / "out.zip", tmp_path / "elsewhere", only_numpy(release))

    done = bundle.reproduce()

    assert done.returncode == 1, done.stderr
    assert f"{SPOILED}: recorded as mismatch" in done.stdout
    assert "left: error 0.01 is over the limit 2e-06" in done.stdout
    assert "(the same outcome)" in done.stdout


def test_a_bundle_is_the_same_bytes_each_time_and_names_no_folder_of_this_machine(
    release: Tree, tmp_path: Path
) -> None:
    for name in ("a.zip", "b.zip"):
        release.run("repro", SPOILED, "--bundle", str(tmp_path / name))

    first = (tmp_path / "a.zip").read_bytes()
    assert first == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        texts = [opened.read(name) for name in opened.namelist() if name.endswith((".json", ".md"))]
        assert opened.namelist() == sorted(opened.namelist())
    assert texts
    assert not any(str(release.root).encode() in text for text in texts)


def test_a_passing_cell_reproduces_as_passing(release: Tree, tmp_path: Path) -> None:
    release.run("repro", "linear/plain/fp32", "--bundle", str(tmp_path / "out.zip"))

    done = unzip(tmp_path / "out.zip", tmp_path / "elsewhere", only_numpy(release)).reproduce()

    assert done.returncode == 0, done.stderr
    assert "now: passed (the same outcome)" in done.stdout


def test_a_cell_of_a_project_that_has_changed_is_refused(release: Tree) -> None:
    before = (release.root / "pipelines/wrapped/from_npz.py").read_text(encoding="utf-8")
    release.change("pipelines/wrapped/from_npz.py", "1.01", "1.02")

    done = release.run("repro", SPOILED)
    release.write("pipelines/wrapped/from_npz.py", before)

    assert done.returncode == INCOMPLETE
    assert "the project has changed since this cell was decided" in done.stderr


@pytest.mark.parametrize("command", ["explain", "repro"])
def test_an_unknown_cell_is_a_usage_error_that_names_the_nearest(release: Tree, command: str) -> None:
    done = release.run(command, "linear/wraped/fp32")

    assert done.returncode == USAGE
    assert f"did you mean '{SPOILED}'?" in done.stderr


FAULTS = {
    "raise": "run_failed",
    "load_raises": "load_failed",
    "segfault": "crashed",
    "exit_without_reply": "run_failed",
    "hang": "timed_out",
    "allocate": "out_of_memory",
    "wrong_shape": "io_mismatch",
    "renamed_output": "io_mismatch",
    "nan": "nonfinite",
    "export_raises": "export_failed",
    "export_segfaults": "crashed",
    "export_leaves_nothing": "export_failed",
    "export_leaves_a_link": "export_failed",
    "export_claims_no_dtype": "export_failed",
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, make_runnable: Callable[[Path], Tree]) -> Tree:
    """A run with a model for each fault, and one whose reference proves nothing."""
    tree = make_runnable(tmp_path_factory.mktemp("faults") / "project")
    for fault in FAULTS:
        tree.add_model(fault, f'[routes.npz]\noptions = {{ fault = "{fault}" }}')
    constant = tree.add_model("constant")
    model = (constant / "model.py").read_text(encoding="utf-8")
    (constant / "model.py").write_text(f"{model.replace('generator.standard_normal((4, 3))', 'np.zeros((4, 3))')}")
    assert tree.run("run", "-t", "npz", "--isolation", "process", *TIMEOUT).returncode == GATE_FAILED
    return tree


@pytest.mark.parametrize(("fault", "outcome"), [*FAULTS.items(), ("constant", "reference_failed")])
def test_every_failure_reproduces_from_its_bundle(faulty: Tree, tmp_path: Path, fault: str, outcome: str) -> None:
    name = f"{fault}/npz/fp32"
    packed = faulty.run("repro", name, *TIMEOUT, "--bundle", str(tmp_path / "out.zip"))
    assert packed.returncode == OK, packed.stderr
    bundle = unzip(tmp_path / "out.zip", tmp_path / "elsewhere", only_numpy(faulty, "target-npz"))

    done = bundle.reproduce()

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{name}: recorded as {outcome}" in done.stdout
    assert "(the same outcome)" in done.stdout


def test_explain_shows_the_last_traceback_and_cells_that_failed_alike(faulty: Tree) -> None:
    done = faulty.run("explain", "raise/npz/fp32", "--json")

    [page] = json.loads(done.stdout)
    assert page["log"][0] == "Traceback (most recent call last):"
    assert page["log"][-1] == "RuntimeError: the kernel does not take this shape"
    assert faulty.run("explain", "*/npz/fp32").stdout.count("\n  route ") == len(FAULTS) + 2


ENTRY = """
[[expectations]]
cell = "{cell}"
outcome = "{outcome}"
reason = "the fake step spoils a weight"
link = "docs/findings/fake.md"
"""


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        (ENTRY.format(cell=SPOILED, outcome="mismatch"), OK, "gate open: 2 passed, 1 expected"),
        (ENTRY.format(cell=SPOILED, outcome="mismatch") + 'stage = "run"', GATE_FAILED, "correct the entry for cell"),
        (ENTRY.format(cell=SPOILED, outcome="crashed"), GATE_FAILED, "correct the entry for cell"),
        (ENTRY.format(cell=SPOILED, outcome="mismatch") + "expires = 2001-02-03", GATE_FAILED, "renew `expires`"),
        (ENTRY.format(cell="linear/*", outcome="mismatch"), GATE_FAILED, "linear/plain/fp32: unexpected pass: "),
        (ENTRY.format(cell="linear/wrapt/fp32", outcome="mismatch"), GATE_FAILED, "matches no planned cell"),
        (ENTRY.format(cell=SPOILED, outcome="mismatched"), USAGE, "did you mean 'mismatch'?"),
    ],
    ids=["expected", "other stage", "other outcome", "expired", "passes", "no cell", "no outcome"],
)
def test_a_file_of_expectations_is_strict_both_ways(
    release: Tree, tmp_path: Path, entry: str, code: int, said: str
) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(entry, encoding="utf-8")

    done = release.run("gate", "--expectations", str(file))

    assert done.returncode == code, done.stdout
    assert said in done.stdout + done.stderr
    assert str(file) in done.stdout + done.stderr or code == OK
