"""Own samples as model.toml names them: what is found, in which order, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.own_samples import expected_files, files_beside, named, program, sample_files
from deploymatrix.project.plan import Selection, plan_cells, plan_tasks
from deploymatrix.project.project import Model
from tests.fakes.tree import Tree

TOML = "models/linear/model.toml"


def own(tree: Tree, samples: str, *files: str, more: str = "") -> Model:
    """The tiny project's model with own samples; the files are empty, since only their names count here."""
    tree.change(TOML, "seed = 1", f'seed = 1\nsamples = "{samples}"\n{more}')
    for name in files:
        tree.write(f"models/linear/{name}", "")
    return tree.project().models["linear"]


def names(model: Model, files: list[Path]) -> list[str]:
    return [named(model.folder, path) for path in files]


def test_files_of_a_folder_come_sorted_and_without_what_is_no_sample(tree: Tree) -> None:
    model = own(tree, "data/", "data/b.npz", "data/a.safetensors", "data/README.md", "data/.hidden", "data/deep/c.npz")

    assert names(model, sample_files(model)) == ["data/a.safetensors", "data/b.npz"]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("data/*.npz", ["data/a.npz", "data/b.npz"]),
        ("data/**/*.npz", ["data/a.npz", "data/b.npz", "data/deep/c.npz"]),
        ("data/b.npz", ["data/b.npz"]),
        ("../../shared/*.npz", ["../../shared/z.npz"]),
    ],
)
def test_a_glob_is_seen_from_model_toml(tree: Tree, place: str, found: list[str]) -> None:
    files = ("data/b.npz", "data/a.npz", "data/deep/c.npz", "data/d.safetensors", "../../shared/z.npz")

    model = own(tree, place, *files)

    assert names(model, sample_files(model)) == found


def test_samples_of_a_program(tree: Tree) -> None:
    model = own(tree, "samples.py", "samples.py", "expected/0.npz", more='expected = "expected/"')

    assert program(model) == model.folder / "samples.py"
    assert (sample_files(model), names(model, expected_files(model))) == ([], ["expected/0.npz"])


def test_samples_are_no_code_of_the_model(tree: Tree) -> None:
    model = own(tree, "data/", "data/a.npz", "out/a.npz", "vocabulary.txt", more='expected = "out/"')

    assert files_beside(model) == {"data/a.npz", "out/a.npz"}


@pytest.mark.parametrize(
    ("samples", "files", "more", "why"),
    [
        ("data/", (), "", "samples: data/ matches no .npz or .safetensors file"),
        ("data/", ("data/a.npz", "data/b.npy"), "", "samples: data/b.npy is neither .npz nor .safetensors"),
        ("data/", ("data/a.npz", "data/a.safetensors"), "", "data/a.npz and data/a.safetensors have one name"),
        ("samples.py", (), "", "it must define samples()"),
        ("data/", ("data/a.npz",), 'expected = "out/"', "expected: out/ matches no"),
        ("data/", ("data/a.npz", "expected/a.npz"), "", 'write expected = "expected/"'),
        ("many", (), "", 'write how many are drawn, "samples/" for a folder'),
    ],
)
def test_a_mistake_is_told_before_anything_runs(
    tree: Tree, samples: str, files: tuple[str, ...], more: str, why: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        own(tree, samples, *files, more=more)

    assert "model.toml: " in str(caught.value) and why in str(caught.value)


def test_expected_outputs_of_drawn_samples_are_refused(tree: Tree) -> None:
    tree.change(TOML, "seed = 1", 'seed = 1\nexpected = "expected/"')

    with pytest.raises(ConfigurationError, match="expected means nothing for drawn samples"):
        tree.project().models  # noqa: B018


def test_own_samples_need_no_word_on_how_they_would_be_drawn() -> None:
    declared = {"name": "x", "dtype": "int64", "shape": (1, 4)}
    output = {"name": "y", "dtype": "float32", "shape": (1,)}

    spec = ModelSpec.model_validate(
        {"framework": "numpy", "samples": "data/", "inputs": [declared], "outputs": [output]}
    )

    assert spec.own_samples == "data/"


@pytest.mark.parametrize(("samples", "kind"), [("data/", "gather"), ("samples.py", "sample")])
def test_a_task_of_their_own_comes_before_all_that_takes_samples(tree: Tree, samples: str, kind: str) -> None:
    own(tree, samples, "data/a.npz", "samples.py")

    tasks = plan_tasks(plan_cells(tree.project(), Selection()))

    first, *others = tasks.values()
    assert (first.id, first.kind, first.needs) == ("samples linear", kind, ())
    assert all("samples linear" in task.needs for task in others)


def test_a_model_with_drawn_samples_has_no_such_task(tree: Tree) -> None:
    assert "samples linear" not in plan_tasks(plan_cells(tree.project(), Selection()))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ('values = "choice"', "needs choice = [...]"),
        ("choice = [1, 2]", 'choice means nothing for values = "normal"; write values = "choice"'),
        ('values = "padded_ids"\nlow = 0\nhigh = 4', "needs an integer dtype"),
        ('values = "log_normal"\nlow = 0\nhigh = 4', "low and high mean nothing"),
        ('values = "sorted"', "needs low and high"),
        ('values = "image"', "cannot tell the channels of shape"),
        ('layout = "channels_last"', 'layout means nothing for values = "normal"'),
    ],
)
def test_a_distribution_says_what_it_lacks(tree: Tree, keys: str, why: str) -> None:
    tree.change(TOML, "shape = [1, 4]", f"shape = [1, 4]\n{keys}")

    with pytest.raises(ConfigurationError) as caught:
        tree.project().models  # noqa: B018

    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ('values = "padded_ids"\nlow = 0\nhigh = 4', "needs pad"),
        ('values = "padded_ids"\nlow = 0\nhigh = 300\npad = 0', "uint8 cannot hold 299"),
        ('values = "choice"\nchoice = [1.5]', "uint8 cannot hold 1.5"),
        ('values = "choice"\nchoice = [-1]', "uint8 cannot hold -1"),
    ],
)
def test_values_that_the_dtype_cannot_hold_are_refused(tree: Tree, keys: str, why: str) -> None:
    tree.change(TOML, 'dtype = "float32"\nshape = [1, 4]', f'dtype = "uint8"\nshape = [1, 4]\n{keys}')

    with pytest.raises(ConfigurationError) as caught:
        tree.project().models  # noqa: B018

    assert why in str(caught.value)
