"""Folders and weights that a model.toml names: they must be there, and of a kind that its framework opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Project
from deploymatrix.project.trees import shipped_tree
from tests.fakes.tree import Tree

TENSORS = """
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 2]
"""


def project_with(root: Path, head: str, *files: str) -> Project:
    folder = root / "models" / "own"
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(head + TENSORS)
    for name in ("model.py", *files):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    return Project(root=root, build=root / "build", shipped=shipped_tree(), shipped_models=False)


def complaint(project: Project) -> str:
    with pytest.raises(ConfigurationError) as raised:
        _ = project.models
    return str(raised.value)


@pytest.mark.parametrize(
    ("framework", "name"),
    [("torch", "w.safetensors"), ("torch", "w.pt"), ("torch", "w.bin"), ("keras", "w.weights.h5")],
)
def test_weights_that_a_framework_takes(tmp_path: Path, framework: str, name: str) -> None:
    project = project_with(tmp_path, f'framework = "{framework}"\nweights = "{name}"\n', name)

    assert project.models["own"].weights == tmp_path / "models" / "own" / name


@pytest.mark.parametrize(
    ("framework", "name", "words"),
    [
        ("torch", "w.pt2", 'is a whole model, not weights for build(): write [source] with kind = "exported_program"'),
        ("torch", "saved/config.json", "is none that torch opens; it takes .safetensors, .pt, .pth, .bin"),
        ("torch", "w.pkl", "w.pkl is not opened: a pickle runs any code"),
        ("keras", "w.keras", 'write [source] with kind = "keras_file" and path = "w.keras"'),
        ("keras", "w.h5", "w.h5 is not opened: a whole model in HDF5 may hold Python code (Lambda layers)"),
        ("keras", "w.pt", "is none that keras opens; it takes .weights.h5"),
    ],
)
def test_weights_that_it_does_not_take(tmp_path: Path, framework: str, name: str, words: str) -> None:
    project = project_with(tmp_path, f'framework = "{framework}"\nweights = "{name}"\n', name)

    said = complaint(project)

    assert said.startswith(f"{tmp_path}/models/own/model.toml: weights: ") and words in said


def test_a_folder_is_a_source_of_transformers(tmp_path: Path) -> None:
    project = project_with(tmp_path, 'framework = "torch"\nweights = "saved"\n', "saved/config.json")

    assert 'kind = "transformers" and path = "saved"' in complaint(project)


def test_a_whole_model_in_hdf5_is_refused_as_a_source_too(tmp_path: Path) -> None:
    head = 'framework = "keras"\n[source]\nkind = "keras_file"\npath = "net.h5"\n'
    project = project_with(tmp_path, head, "net.h5")

    assert "source.path: net.h5 is not opened" in complaint(project)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ('weights = "absent.pt"\n', "weights: there is no"),
        ('pythonpath = ["../src"]\n', "pythonpath: there is no folder"),
        ('weights = "w.pt"\ncalibrate = true\n', "calibrate = true would change the weights that weights gives"),
        (
            'weights = "w.pt"\n[source]\nkind = "transformers"\nconfig = {}\n',
            "weights go into what build() of a model.py gives",
        ),
    ],
)
def test_what_is_not_there_or_contradicts_itself(tmp_path: Path, head: str, words: str) -> None:
    project = project_with(tmp_path, f'framework = "torch"\n{head}', "w.pt")

    assert words in complaint(project)


def test_code_is_looked_for_beside_it_first(tree: Tree) -> None:
    tree.write("src/parts.py", "")
    tree.change("models/linear/model.toml", "seed = 1", 'seed = 1\npythonpath = ["../../src"]')

    model = tree.project().models["linear"]

    assert model.import_folders == (model.folder, tree.root / "src")
