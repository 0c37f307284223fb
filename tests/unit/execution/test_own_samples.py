"""Own samples on their way: into the store, into keys, into cells; and what is told where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.execution.executor import Execution
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.outcomes import Done, Failed
from deploymatrix.numerics.samples import draw
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.store.entries import Entry
from tests.fakes.executions import executed, outcomes
from tests.fakes.pool import FakePool
from tests.fakes.safetensors import safetensors_bytes
from tests.fakes.tree import Tree

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
