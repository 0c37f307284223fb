"""Own samples on their way: into the store, into keys, into cells; and what is told where they are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.execution.executor import Execution
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.outcomes import Done, Failed
from deploymatrix.numerics.samples import draw
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.store.entries import Entry
from tests.fakes.executions import executed, outcomes
from tests.fakes.pool import FakePool
from tests.fakes.safetensors import safetensors_bytes
from tests.fakes.tree import Called, Tree

TOML = "models/linear/model.toml"
GREEN = {"npz": "passed", "plain": "passed", "wrapped": "passed"}
RED = dict.fromkeys(GREEN, "reference_failed")


def write(tree: Tree, name: str, **arrays: Any) -> None:
    path = tree.root / "models/linear" / name
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        path.write_bytes(safetensors_bytes(arrays))


def x(value: float) -> Any:
    return np.full((1, 4), value, "float32")


def answer(sample: int) -> Any:
    """What the fake pool answers, in both dtypes."""
    return np.array([[sample, sample / 2, 1.0]], "float32")


@pytest.fixture
def own(tree: Tree) -> Tree:
    """The tiny project, whose model has four samples in three files."""
    tree.change(TOML, "seed = 1", 'seed = 1\nsamples = "data/"')
    write(tree, "data/b.npz", x=np.concatenate([x(1), x(2)]))
    write(tree, "data/a.npz", x=x(0))
    write(tree, "data/c.safetensors", x=x(3))
    return tree


def run(tree: Tree, folder: Path) -> Execution:
    return executed(tree, FakePool(folder))


def samples_of(made: Execution) -> Entry:
    result = made.results["samples linear"]
    assert isinstance(result, Done)
    return result.entry


def detail_of(made: Execution) -> str:
    result = made.results["samples linear"]
    assert isinstance(result, Failed)
    assert (result.outcome, result.stage) == ("reference_failed", "reference")
    return result.detail


def test_files_become_samples_in_the_order_of_their_names(own: Tree, tmp_path: Path) -> None:
    made = run(own, tmp_path / "work")

    entry = samples_of(made)
    assert outcomes(made) == GREEN
    assert [float(np.load(entry.files / str(i) / "x.npy")[0, 0]) for i in range(4)] == [0, 1, 2, 3]
    assert (entry.about["samples"], entry.about["said"]) == (4, "4 of data/")


def test_few_samples_are_completed_with_drawn_ones(own: Tree, tmp_path: Path) -> None:
    """One alone proves nothing: a constant would pass."""
    own.change(TOML, 'samples = "data/"', 'samples = "data/a.npz"')

    entry = samples_of(run(own, tmp_path / "work"))

    declared = own.project().models["linear"].spec.inputs[0]
    assert (entry.about["samples"], entry.about["said"]) == (4, "1 of data/a.npz, 3 drawn")
    assert np.load(entry.files / "0/x.npy").tolist() == x(0).tolist()
    for index in range(3):
        assert np.array_equal(np.load(entry.files / str(index + 1) / "x.npy"), draw(declared, [1, 0], index))


def test_few_samples_of_an_input_that_cannot_be_drawn_are_told(own: Tree, tmp_path: Path) -> None:
    own.change(TOML, 'samples = "data/"', 'samples = "data/a.npz"')
    own.change(TOML, 'dtype = "float32"\nshape = [1, 4]', 'dtype = "int64"\nshape = [1, 4]')
    write(own, "data/a.npz", x=np.ones((1, 4), "int64"))

    made = run(own, tmp_path / "work")

    assert outcomes(made) == RED
    assert "1 samples; fewer than 4 are completed with drawn ones" in detail_of(made)
    assert "x: values = " in detail_of(made) and "or give 4 samples" in detail_of(made)


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (x(1).astype("float64"), "data/b.npz: x: float64, where model.toml declares float32"),
        (np.ones((4, 2), "float32"), "data/b.npz: x: shape [4, 2], where model.toml declares [1, 4]"),
        (x(np.nan), "data/b.npz: x: holds NaN or an infinity"),
        (np.array([{}], dtype=object), "data/b.npz: x: "),
    ],
)
def test_a_wrong_file_fails_the_cells_of_its_model_and_is_named(
    own: Tree, tmp_path: Path, array: Any, why: str
) -> None:
    write(own, "data/b.npz", x=array)
    pool = FakePool(tmp_path / "work")

    made = executed(own, pool)

    assert outcomes(made) == RED and pool.worked == []
    assert why in detail_of(made)


def test_an_edited_sample_is_seen_by_everything_behind_it(own: Tree, tmp_path: Path) -> None:
    planned = plan_cells(own.project(), Selection())
    run(own, tmp_path / "work")
    before = Keys(own.project()).current_inputs(planned)

    write(own, "data/a.npz", x=x(7))

    after = Keys(own.project()).current_inputs(plan_cells(own.project(), Selection()))
    assert all(before[name] != after[name] for name in before)
    anew = run(own, tmp_path / "again").executed
    assert anew == {
        "gather": 1,
        "reference": 1,
        "export": 2,
        "run": 3,
    }  # the fake pool answers as before


def test_the_same_samples_in_another_file_make_nothing_behind_them_anew(own: Tree, tmp_path: Path) -> None:
    run(own, tmp_path / "work")

    (own.root / "models/linear/data/a.npz").unlink()
    write(own, "data/a.safetensors", x=x(0))

    assert run(own, tmp_path / "again").executed == {"gather": 1}


def test_a_second_run_reads_nothing(own: Tree, tmp_path: Path) -> None:
    run(own, tmp_path / "work")

    assert run(own, tmp_path / "again").executed == {}


@pytest.fixture
def expecting(own: Tree) -> Tree:
    """The same, with outputs that the user expects of one file and of one output of another."""
    own.change(TOML, 'samples = "data/"', 'samples = "data/"\nexpected = "out/"')
    write(own, "out/a.npz", left=answer(0), right=answer(0))
    write(own, "out/b.safetensors", left=np.stack([answer(1), answer(2)]))
    return own


def test_a_model_that_gives_what_is_expected_passes_and_it_is_said_what_was(expecting: Tree, tmp_path: Path) -> None:
    made = run(expecting, tmp_path / "work")

    assert outcomes(made) == GREEN
    said = "4 of data/; expected: outputs left, right of 3 of 4 samples, not all of each"
    assert samples_of(made).about["said"] == said


def test_a_model_that_does_not_is_no_reference(expecting: Tree, tmp_path: Path) -> None:
    write(expecting, "out/b.safetensors", left=np.stack([answer(1), answer(2) + np.float32(0.1)]))

    made = run(expecting, tmp_path / "work")

    assert outcomes(made) == RED
    compared = made.results["compare linear numpy>npz fp32 on npz"]
    assert isinstance(compared, Done)
    assert "the expected output left of sample 2: the " in compared.entry.about["detail"]
    assert "not those of training" in compared.entry.about["detail"]


def test_edited_expectations_are_compared_anew_and_nothing_else_is_done(expecting: Tree, tmp_path: Path) -> None:
    run(expecting, tmp_path / "work")
    before = Keys(expecting.project()).current_inputs(plan_cells(expecting.project(), Selection()))

    write(expecting, "out/a.npz", left=answer(0))

    after = Keys(expecting.project()).current_inputs(plan_cells(expecting.project(), Selection()))
    assert all(before[name] != after[name] for name in before)
    assert run(expecting, tmp_path / "again").executed == {"gather": 1, "compare": 3}


@pytest.mark.parametrize(
    ("name", "arrays", "why"),
    [
        ("out/z.npz", {"left": answer(0)}, "out/z.npz: there is no sample z; there are a, b, c"),
        ("out/a.npz", {"middle": answer(0)}, "out/a.npz: middle: model.toml declares no such output"),
        ("out/b.safetensors", {"left": answer(0)}, "out/b.safetensors: outputs of 1 samples, and b holds 2"),
    ],
)
def test_expectations_of_nothing_are_told(
    expecting: Tree, tmp_path: Path, name: str, arrays: dict[str, Any], why: str
) -> None:
    write(expecting, name, **arrays)

    assert why in detail_of(run(expecting, tmp_path / "work"))


def sized(batch: int, value: float) -> Any:
    return np.full((batch, 4), value, "float32")


@pytest.fixture
def free(own: Tree) -> Tree:
    """Own samples of a model whose batch is free: two of the usual size, which is 3, and one of another."""
    text = (own.root / TOML).read_text(encoding="utf-8").replace("[1, ", '["batch", ')
    own.write(TOML, f"{text}\n[dims]\nbatch = {{ min = 1, max = 5, try = [1, 3] }}\n")
    write(own, "data/a.npz", x=sized(2, 7))
    write(own, "data/b.npz", x=np.stack([sized(3, 8), sized(3, 9)]))
    (own.root / "models/linear/data/c.safetensors").unlink()
    return own


def cell(tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"][0]
    return found


def test_own_samples_bind_the_dims_and_sizes_that_none_has_are_drawn(free: Tree, call: Callable[..., Called]) -> None:
    """The usual size comes first, four times: exporters trace with it, and a fixed artifact is judged on these."""
    assert call("run", "--isolation", "process", "-t", "npz").code == OK

    assert [sizes["batch"] for sizes in cell(free)["sizes"]] == [3, 3, 3, 3, 2, 1, 5]
    assert (cell(free)["samples"], cell(free)["own_samples"]) == (7, "3 of data/, 4 drawn")
    (stored,) = (free.build / "store" / "samples").glob("*/files")
    found = [np.load(stored / str(index) / "x.npy") for index in range(7)]
    assert [len(array) for array in found] == [3, 3, 3, 3, 2, 1, 5]
    assert [float(found[index][0, 0]) for index in (0, 1, 4)] == [8, 9, 7]


def test_a_fixed_artifact_is_judged_on_the_own_samples_of_its_size(free: Tree, call: Callable[..., Called]) -> None:
    text = (free.root / TOML).read_text(encoding="utf-8")
    free.write(TOML, f'{text}\n[routes.npz]\noptions = {{ static = ["batch"] }}\n')

    assert call("run", "--isolation", "process", "-t", "npz").code == OK

    assert (cell(free)["static"], cell(free)["sizes"]) == ({"batch": 3}, [{"batch": 3}] * 4)
    assert call("gate", "-t", "npz").code == OK


def test_what_is_expected_follows_its_sample_to_its_place(free: Tree, call: Callable[..., Called]) -> None:
    free.change(TOML, 'samples = "data/"', 'samples = "data/"\nexpected = "out/"')
    write(free, "out/a.npz", left=np.full((2, 3), 1e3, "float32"))

    call("run", "--isolation", "process", "-t", "npz")

    assert cell(free)["outcome"] == "reference_failed"
    assert "the expected output left of sample 4: the " in cell(free)["detail"]


@pytest.mark.parametrize(
    ("name", "arrays", "why"),
    [
        ("data/a.npz", {"x": sized(6, 1)}, "data/a.npz: x: batch=6, where [dims] declares 1 to 5"),
        ("out/a.npz", {"left": sized(3, 1)[:, :3]}, "out/a.npz: left: shape [3, 3], where its sample makes"),
    ],
)
def test_sizes_that_do_not_fit_name_their_file(
    free: Tree, tmp_path: Path, name: str, arrays: dict[str, Any], why: str
) -> None:
    free.change(TOML, 'samples = "data/"', 'samples = "data/"\nexpected = "out/"')
    write(free, "out/b.npz", left=np.ones((2, 3, 3), "float32"))
    write(free, name, **arrays)

    assert why in detail_of(run(free, tmp_path / "work"))


def test_a_size_that_can_neither_be_drawn_nor_is_given_is_told(free: Tree, tmp_path: Path) -> None:
    free.change(TOML, 'dtype = "float32"\nshape = ["batch", 4]', 'dtype = "int64"\nshape = ["batch", 4]')
    write(free, "data/a.npz", x=np.ones((2, 4), "int64"))
    write(free, "data/b.npz", x=np.ones((4, 3, 4), "int64"))

    told = detail_of(run(free, tmp_path / "work"))

    assert "no sample has batch=1; sizes that [dims] tries are completed with drawn ones, and this input says" in told
    assert "x: values = " in told and "or give a sample of each size" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sizes": [{"batch": 3}] * 7}, "no sample of batch=1 is among its samples, or too few are"),
        ({"sizes": [{"batch": 6}] * 7}, "a sample of batch=6 is none that its artifact takes"),
        ({"sizes": [{"batch": 3}] * 4}, "it has 7 samples, and sizes of 4"),
    ],
)
def test_a_record_without_a_size_closes_the_gate(
    free: Tree, call: Callable[..., Called], change: dict[str, Any], said: str
) -> None:
    assert call("run", "--isolation", "process", "-t", "npz").code == OK
    assert call("gate", "-t", "npz").code == OK
    path = free.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    matrix["cells"][0].update(change)
    path.write_text(json.dumps(matrix), encoding="utf-8")

    done = call("gate", "-t", "npz")

    assert done.code == GATE_FAILED
    assert said in done.out
