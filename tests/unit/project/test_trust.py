"""A model whose file can run code is refused until its model.toml says `trust = true`."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Project
from deploymatrix.project.trust import require_trust
from tests.fakes.tree import REPOSITORY

TENSORS = """
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 4]
"""


def project_with(root: Path, framework: str, source: str) -> Project:
    folder = root / "models" / "given"
    folder.mkdir(parents=True)
    (folder / "file").touch()
    (folder / "model.py").touch()
    (folder / "model.toml").write_text(f'framework = "{framework}"\n[source]\n{source}\n{TENSORS}')
    return Project(root=root, build=root / "build", shipped=REPOSITORY, shipped_models=False)


@pytest.mark.parametrize("kind", ["exported_program", "weight_mutant", "graph_mutant"])
def test_a_kind_that_executes_is_refused_and_the_error_names_file_key_reason_and_remedy(
    tmp_path: Path, kind: str
) -> None:
    project = project_with(tmp_path, "torch", f'kind = "{kind}"\npath = "file"')

    with pytest.raises(ConfigurationError) as refusal:
        require_trust(project, project.models.values())

    for words in (f"{tmp_path}/models/given/model.toml: source.trust:", f"'{kind}'", "Write trust = true in [source]"):
        assert words in str(refusal.value)
    assert project.frameworks["torch"].executing[kind] in str(refusal.value)


@pytest.mark.parametrize(
    ("framework", "source"),
    [
        ("torch", 'kind = "exported_program"\npath = "file"\ntrust = true'),
        ("torch", 'kind = "transformers"\npath = "file"'),
        ("keras", 'kind = "keras_file"\npath = "file"'),
        ("torch", ""),
    ],
)
def test_what_is_trusted_or_cannot_execute_is_not_asked_about(tmp_path: Path, framework: str, source: str) -> None:
    project = project_with(tmp_path, framework, source)

    require_trust(project, project.models.values())


def test_trust_says_nothing_of_a_model_with_code(tmp_path: Path) -> None:
    project = project_with(tmp_path, "torch", "trust = true")

    with pytest.raises(ConfigurationError, match=r"model\.toml: source: model\.py is code of yours"):
        _ = project.models


def test_every_source_of_the_shipped_frameworks_either_executes_or_is_known_to_open_safely() -> None:
    """A new kind is in one of these sets, and in the second only with a hostile file that was tried in
    tests/integration/test_sources_that_execute.py."""
    safe = {"torch": {"transformers"}, "keras": {"keras_file", "weight_mutant", "graph_mutant"}, "jax": set()}
    project = Project(root=REPOSITORY, build=REPOSITORY / "build")

    for name, framework in project.frameworks.items():
        kinds = {path.stem for path in (REPOSITORY / "pipelines/frameworks" / name / "sources").glob("*.py")}
        assert kinds == safe[name] | set(framework.executing), name
