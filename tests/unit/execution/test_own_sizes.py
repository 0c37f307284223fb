"""Own samples of a model with free axes: each binds the dims, and sizes that none has are drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deploymatrix.errors import GATE_FAILED, OK
from tests.fakes.tree import Called, Tree

TOML = "models/linear/model.toml"
Call = Callable[..., Called]


def write(tree: Tree, name: str, **arrays: Any) -> None:
    path = tree.root / "models/linear" / name
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **arrays)


def sized(batch: int, value: float) -> Any:
    return np.full((batch, 4), value, "float32")


@pytest.fixture
def free(tree: Tree) -> Tree:
    """Own samples of a model whose batch is free: two of the usual size, which is 3, and one of another."""
    text = (tree.root / TOML).read_text(encoding="utf-8").replace("[1, ", '["batch", ')
    text = text.replace("seed = 1", 'seed = 1\nsamples = "data/"')
    tree.write(TOML, f"{text}\n[dims]\nbatch = {{ min = 1, max = 5, try = [1, 3] }}\n")
    write(tree, "data/a.npz", x=sized(2, 7))
    write(tree, "data/b.npz", x=np.stack([sized(3, 8), sized(3, 9)]))
    return tree


def cell(tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"][0]
    return found


def test_own_samples_bind_the_dims_and_sizes_that_none_has_are_drawn(free: Tree, call: Call) -> None:
    """The usual size comes first, four times: exporters trace with it, and a fixed artifact is judged on these."""
    assert call("run", "--isolation", "process", "-t", "npz").code == OK

    assert [sizes["batch"] for sizes in cell(free)["sizes"]] == [3, 3, 3, 3, 2, 1, 5]
    assert (cell(free)["samples"], cell(free)["own_samples"]) == (7, "3 of data/, 4 drawn")
    (stored,) = (free.build / "store" / "samples").glob("*/files")
    found = [np.load(stored / str(index) / "x.npy") for index in range(7)]
    assert [len(array) for array in found] == [3, 3, 3, 3, 2, 1, 5]
    assert [float(found[index][0, 0]) for index in (0, 1, 4)] == [8, 9, 7]


def test_a_fixed_artifact_is_judged_on_the_own_samples_of_its_size(free: Tree, call: Call) -> None:
    text = (free.root / TOML).read_text(encoding="utf-8")
    free.write(TOML, f'{text}\n[routes.npz]\noptions = {{ static = ["batch"] }}\n')

    assert call("run", "--isolation", "process", "-t", "npz").code == OK

    assert (cell(free)["static"], cell(free)["sizes"]) == ({"batch": 3}, [{"batch": 3}] * 4)
    assert call("gate", "-t", "npz").code == OK


def test_what_is_expected_follows_its_sample_to_its_place(free: Tree, call: Call) -> None:
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
    free: Tree, call: Call, name: str, arrays: dict[str, Any], why: str
) -> None:
    free.change(TOML, 'samples = "data/"', 'samples = "data/"\nexpected = "out/"')
    write(free, "out/b.npz", left=np.ones((2, 3, 3), "float32"))
    write(free, name, **arrays)

    call("run", "--isolation", "process", "-t", "npz")

    assert cell(free)["outcome"] == "reference_failed"
    assert why in cell(free)["detail"]


def test_a_size_that_can_neither_be_drawn_nor_is_given_is_told(free: Tree, call: Call) -> None:
    free.change(TOML, 'dtype = "float32"\nshape = ["batch", 4]', 'dtype = "int64"\nshape = ["batch", 4]')
    write(free, "data/a.npz", x=np.ones((2, 4), "int64"))
    write(free, "data/b.npz", x=np.ones((4, 3, 4), "int64"))

    call("run", "--isolation", "process", "-t", "npz")

    told = cell(free)["detail"]
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
def test_a_record_without_a_size_closes_the_gate(free: Tree, call: Call, change: dict[str, Any], said: str) -> None:
    assert call("run", "--isolation", "process", "-t", "npz").code == OK
    assert call("gate", "-t", "npz").code == OK
    free.change_record(change)

    done = call("gate", "-t", "npz")

    assert done.code == GATE_FAILED
    assert said in done.out
