"""Packages of a model over an environment: what it lacks is laid over it, and no pin of it is moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.environments.locking import Source, inputs_digest, staleness
from deploymatrix.environments.model_locks import Ground
from deploymatrix.environments.model_packages import lacking
from deploymatrix.environments.plain_locks import plain_packages
from deploymatrix.environments.recipes import PackagesRecipe
from deploymatrix.errors import EnvironmentFailed

HASH = f"--hash=sha256:{'0' * 64}"
ENVIRONMENT = f"torch==2.13.0\nnumpy==2.4.6 {HASH}\n"


def recipe(folder: Path, lock: str) -> PackagesRecipe:
    (folder / "requirements.lock").write_text(lock)
    (folder / "torch.lock").write_text(ENVIRONMENT)
    return PackagesRecipe(
        model="own",
        lock=folder / "requirements.lock",
        environment="torch",
        environment_lock=folder / "torch.lock",
    )


def test_what_the_environment_has_at_the_same_version_is_left_to_it(tmp_path: Path) -> None:
    pins = lacking(recipe(tmp_path, f"numpy==2.4.6 {HASH}\neinops==0.8.2 {HASH}\ntorchvision==0.28.0\n"))

    assert [pin.name for pin in pins] == ["einops", "torchvision"]


def test_a_package_that_would_move_a_pin_names_both(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed) as raised:
        lacking(recipe(tmp_path, f"numpy==1.26.4 {HASH}\n"))

    said = str(raised.value)
    assert f"{tmp_path}/requirements.lock: wants numpy==1.26.4, and the environment torch has numpy==2.4.6" in said
    assert "requirements.excludes" in said


def test_a_folder_is_of_one_lock_over_one_environment(tmp_path: Path) -> None:
    made = recipe(tmp_path, f"einops==0.8.2 {HASH}\n")
    before = made.folder(tmp_path / "envs")

    (tmp_path / "torch.lock").write_text(f"torch==2.13.1\nnumpy==2.4.6 {HASH}\n")

    assert before.parent == tmp_path / "envs" / "packages"
    assert made.folder(tmp_path / "envs") != before


def test_a_lock_is_stale_when_its_environment_has_changed(tmp_path: Path) -> None:
    (tmp_path / "requirements.in").write_text("einops==0.8.2\n")
    (tmp_path / "torch.lock").write_text(ENVIRONMENT)
    ground = Ground(environment="torch", lock=tmp_path / "torch.lock")
    source = Source(name="own", path=tmp_path / "requirements.in", over=ground)

    (tmp_path / "requirements.lock").write_text(f"# inputs: sha256:{inputs_digest(source)}\neinops==0.8.2 {HASH}\n")
    fresh = staleness(source)
    (tmp_path / "torch.lock").write_text(ENVIRONMENT.replace("2.4.6", "2.4.7"))

    assert fresh is None
    assert staleness(source) == (
        f"{tmp_path}/requirements.lock: requirements.in or torch.lock changed since; deploymatrix lock own"
    )


def test_a_bundle_lays_packages_over_as_a_run_does(tmp_path: Path) -> None:
    lock = recipe(tmp_path, f"einops==0.8.2 {HASH}\ntorchvision==0.28.0\n").lock

    plain = plain_packages(lock)

    assert set(plain.files) == {"requirements-model.txt", "requirements-model-any-build.txt"}
    assert all("--target packages --no-deps" in line for line in plain.install)
