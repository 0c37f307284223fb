"""Each installer that a runner may declare makes a runtime, and hands its lock over to somebody without the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.plain_locks import plain_lock
from deploymatrix.environments.recipes import RuntimeRecipe
from deploymatrix.environments.runtimes import INSTALLERS, Runtime, ensure_program
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.project.runners import LOCKS, WANTS_INTERPRETER

DIGEST = "0" * 64


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(f"six==1.17.0 \\\n    --hash=sha256:{DIGEST}\ntorch==2.13.0\n")
    return path


def test_every_installer_that_may_be_declared_is_there():
    assert set(INSTALLERS) == set(LOCKS)
    assert set(LOCKS) > WANTS_INTERPRETER


def test_a_recipe_is_all_that_its_runtime_depends_on(lock: Path, tmp_path: Path):
    recipe = RuntimeRecipe(name="target-tiny", installer="pip", lock=lock)
    pinned = RuntimeRecipe(name="target-tiny", installer="npm", lock=lock, interpreter=tmp_path / "its.lock")

    assert (recipe.files, pinned.files) == ((lock,), (lock, tmp_path / "its.lock"))


def test_debian_has_the_interpreter_of_pip(lock: Path, tmp_path: Path):
    assert ensure_program(RuntimeRecipe(name="tiny", installer="pip", lock=lock), tmp_path, print) is None


def test_a_program_that_the_environment_lacks_is_told(tmp_path: Path):
    (tmp_path / "python3").touch()
    runtime = Runtime(programs=tmp_path, packages=tmp_path)

    assert runtime.program("python3") == tmp_path / "python3"
    with pytest.raises(EnvironmentFailed, match=r"no 'pyhton3'; correct the command in runner\.toml"):
        runtime.program("pyhton3")


def test_pip_gets_packages_with_hashes_and_others_apart(lock: Path, tmp_path: Path):
    plain = plain_lock("pip", lock)

    assert plain.files == {
        "requirements.txt": f"six==1.17.0 --hash=sha256:{DIGEST}\n".encode(),
        "requirements-any-build.txt": b"torch==2.13.0\n",
    }
    assert [line.rpartition(" ")[2] for line in plain.install] == list(plain.files)


def test_pip_gets_one_file_where_every_package_has_a_hash(lock: Path):
    lock.write_text(lock.read_text().replace("torch==2.13.0\n", ""))

    assert list(plain_lock("pip", lock).files) == ["requirements.txt"]
    assert len(plain_lock("pip", lock).install) == 1
    assert read_lock(lock).unhashed() == ()


def test_npm_gets_its_two_files_as_they_are(tmp_path: Path):
    plain = plain_lock("npm", tmp_path / "package-lock.json")

    assert plain.files == {name: tmp_path / name for name in ("package.json", "package-lock.json")}
    assert plain.install == ("npm ci",)
