from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution import keys
from deploymatrix.execution.wire import wire_source
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.project import Project
from deploymatrix.project.specs import ProjectSpec
from deploymatrix.project.trees import build_folder, find_root, read_settings, shipped_tree, tree_below

REPOSITORY = Path(__file__).resolve().parents[3]


def project_at(root: Path) -> Project:
    settings = read_settings(root)
    return Project(
        root=root,
        build=build_folder(root, settings, None),
        shipped=tree_below(root, settings),
        shipped_models=settings.shipped_models,
    )


def test_the_root_is_the_nearest_folder_upwards_with_settings(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").touch()
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    assert find_root(tmp_path / "inner" / "deep") == tmp_path.resolve()


def test_without_settings_the_root_is_where_the_command_is_called(tmp_path: Path) -> None:
    assert find_root(tmp_path) == tmp_path.resolve()


def test_an_empty_folder_has_all_that_is_shipped(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    own = {name for name, target in project.targets.items() if not target.is_further}
    assert own == {path.parent.name for path in REPOSITORY.glob("targets/*/target.toml")}
    assert set(project.models) == {path.parent.name for path in REPOSITORY.glob("models/*/model.toml")}
    assert project.build == tmp_path / "build"


def test_shipped_models_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    project = project_at(tmp_path)
    assert project.models == {}
    assert project.targets


def test_a_target_of_ones_own_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "targets" / "onnx", tmp_path / "targets" / "onnx_again")
    project = project_at(tmp_path)
    assert project.targets["onnx_again"].folder == tmp_path / "targets" / "onnx_again"
    assert "litert" in project.targets


def test_a_folder_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "targets" / "onnx", tmp_path / "targets" / "onnx")
    project = project_at(tmp_path)
    assert project.targets["onnx"].folder == tmp_path / "targets" / "onnx"
    assert project.shown(tmp_path / "targets" / "onnx" / "target.toml") == "targets/onnx/target.toml"


def test_a_whole_tree_takes_nothing_from_the_shipped_one() -> None:
    fakes = REPOSITORY / "tests" / "fakes" / "project"
    assert tree_below(fakes, ProjectSpec()) is None


def test_the_checkout_is_its_own_tree() -> None:
    assert shipped_tree() == REPOSITORY
    assert tree_below(REPOSITORY, ProjectSpec(shipped=True)) is None


def test_a_typo_in_the_settings_is_refused_with_the_nearest_key(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").write_text("shiped_models = false\n")
    with pytest.raises(ConfigurationError, match=r"shiped_models: unknown key; did you mean 'shipped_models'"):
        read_settings(tmp_path)


def test_the_build_folder_follows_settings_and_option(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").write_text('build = "out"\n')
    settings = read_settings(tmp_path)
    assert build_folder(tmp_path, settings, None) == tmp_path / "out"
    assert build_folder(tmp_path, settings, tmp_path / "elsewhere") == tmp_path / "elsewhere"


def model_toml(source: str, calibrate: bool = False) -> str:
    tensor = 'name = "x"\ndtype = "float32"\nshape = [1]\n'
    line = "calibrate = true\n" if calibrate else ""
    return f'framework = "torch"\n{line}{source}\n[[inputs]]\n{tensor}\n[[outputs]]\n{tensor}'


def add_model(root: Path, source: str) -> Path:
    folder = root / "models" / "given"
    folder.mkdir(parents=True)
    (root / "deploymatrix.toml").write_text("shipped_models = false\n")
    (folder / "model.toml").write_text(model_toml(source))
    return folder


def test_a_model_without_code_is_built_by_the_frameworks_source_module(tmp_path: Path) -> None:
    folder = add_model(tmp_path, '[source]\nkind = "exported_program"\npath = "net.pt2"\n')
    (folder / "net.pt2").write_bytes(b"a program")
    project = project_at(tmp_path)
    model = project.models["given"]
    assert model.module == REPOSITORY / "pipelines/frameworks/torch/sources/exported_program.py"
    given = wire_source(project, model)
    assert given is not None and given["path"] == folder / "net.pt2"


def test_the_key_of_a_model_follows_the_file_that_it_names(tmp_path: Path) -> None:
    folder = add_model(tmp_path, '[source]\nkind = "exported_program"\npath = "../../net.pt2"\n')
    digests = []
    for content in (b"a program", b"another"):
        (folder / "../../net.pt2").write_bytes(content)
        project = project_at(tmp_path)
        digests.append(keys.Keys(project).reference(project.models["given"]).digest)
    assert digests[0] != digests[1]


def test_a_source_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    add_model(tmp_path, '[source]\nkind = "exported_program"\npath = "net.pt2"\n')
    with pytest.raises(ConfigurationError, match=r"model\.toml: source: there is no .*net\.pt2"):
        _ = project_at(tmp_path).models


def test_an_unknown_kind_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    add_model(tmp_path, '[source]\nkind = "transformer"\npath = "."\n')
    with pytest.raises(ConfigurationError, match="did you mean 'transformers'"):
        _ = project_at(tmp_path).models


@pytest.mark.parametrize(
    ("source", "calibrate", "complaint"),
    [
        ('[source]\nkind = "keras_file"\n', False, "needs path or config"),
        ('[source]\nkind = "transformers"\npath = "a"\nconfig = "b"\n', False, "needs path or config"),
        ('[source]\npath = "a"\n', False, "remove the other keys"),
        ('[source]\nkind = "keras_file"\npath = "a"\n', True, "would change the weights"),
    ],
)
def test_contradictions_in_a_source_are_refused(source: str, calibrate: bool, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ModelSpec.model_validate(tomllib.loads(model_toml(source, calibrate)))
