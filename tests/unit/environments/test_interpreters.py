"""Environments are made once, whole, from hash-checked packages. Offline: the packages are tiny wheels made here."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.errors import EnvironmentFailed

MAKE = """
import sys
from pathlib import Path
from deploymatrix.environments.interpreters import ensure_python
lock, envs = map(Path, sys.argv[1:])
print(ensure_python("tiny", lock, envs, lambda what: print(what, flush=True)))
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip is told to take packages from, and no index."""
    for name in list(os.environ):
        if name.startswith(("UV_", "PIP_")) and name != "UV_CACHE_DIR":
            monkeypatch.delenv(name)
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def add_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> str:
    """A wheel with one module that knows its version; returns its SHA-256."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={urlsafe_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def urlsafe_digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def write_lock(folder: Path, *lines: str) -> Path:
    lock = folder / "requirements.lock"
    lock.write_text("\n".join(lines) + "\n")
    return lock


def installed(python: Path) -> dict[str, str]:
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture
def tiny_lock(wheels: Path, tmp_path: Path) -> Path:
    digest = add_wheel(wheels, "tiny", "1.0", requires=("left_out_on_purpose",))
    return write_lock(tmp_path, f"tiny==1.0 --hash=sha256:{digest}")


def test_the_environment_holds_what_the_lock_pins_and_nothing_else(tiny_lock: Path, tmp_path: Path):
    python = ensure_python("tiny", tiny_lock, tmp_path / "envs", print)

    assert installed(python) == {"tiny": "1.0"}
    assert python.parent.parent.name == f"tiny-{hashlib.sha256(tiny_lock.read_bytes()).hexdigest()[:12]}"


def test_a_second_call_makes_nothing(tiny_lock: Path, tmp_path: Path):
    said: list[str] = []
    first = ensure_python("tiny", tiny_lock, tmp_path / "envs", said.append)
    assert len(said) == 2

    assert ensure_python("tiny", tiny_lock, tmp_path / "envs", said.append) == first
    assert len(said) == 2


def test_another_lock_is_another_environment(tiny_lock: Path, tmp_path: Path):
    first = ensure_python("tiny", tiny_lock, tmp_path / "envs", print)
    tiny_lock.write_text(tiny_lock.read_text() + "# changed\n")

    assert ensure_python("tiny", tiny_lock, tmp_path / "envs", print) != first


def test_a_wrong_hash_is_refused_and_nothing_stays(wheels: Path, tmp_path: Path):
    add_wheel(wheels, "tiny", "1.0")
    lock = write_lock(tmp_path, f"tiny==1.0 --hash=sha256:{'0' * 64}")

    with pytest.raises(EnvironmentFailed, match=r"[Hh]ash mismatch"):
        ensure_python("tiny", lock, tmp_path / "envs", print)

    assert [path for path in (tmp_path / "envs").iterdir() if path.is_dir()] == []


def test_what_a_killed_run_left_is_removed_and_made_anew(tiny_lock: Path, tmp_path: Path):
    envs = tmp_path / "envs"
    digest = hashlib.sha256(tiny_lock.read_bytes()).hexdigest()[:12]
    half = envs / f".tiny-{digest}.killed" / "whole" / "bin"
    half.mkdir(parents=True)

    python = ensure_python("tiny", tiny_lock, envs, print)

    assert installed(python) == {"tiny": "1.0"}
    assert [path.name for path in envs.iterdir() if path.is_dir()] == [f"tiny-{digest}"]


def test_an_environment_whose_interpreter_is_gone_is_made_anew(tiny_lock: Path, tmp_path: Path):
    python = ensure_python("tiny", tiny_lock, tmp_path / "envs", print)
    python.unlink()
    python.symlink_to(tmp_path / "uninstalled")

    assert installed(ensure_python("tiny", tiny_lock, tmp_path / "envs", print)) == {"tiny": "1.0"}


def test_an_interrupt_leaves_nothing(tiny_lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deploymatrix.environments.interpreters.install_python_packages", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure_python("tiny", tiny_lock, tmp_path / "envs", print)

    assert [path for path in (tmp_path / "envs").iterdir() if path.is_dir()] == []


def test_two_processes_at_once_make_one_environment(tiny_lock: Path, tmp_path: Path):
    command = [sys.executable, "-c", MAKE, str(tiny_lock), str(tmp_path / "envs")]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in started]

    assert [process.returncode for process in started] == [0, 0], said
    lines = [out.splitlines() for out, _ in said]
    assert lines[0][-1] == lines[1][-1]
    assert sum("being made, once" in line for out in lines for line in out) == 1


@pytest.fixture
def torch_lock(wheels: Path, tmp_path: Path) -> Callable[..., Path]:
    """A lock of torch, which has no hash, and of one package that every build of it needs."""

    def write(*builds: str) -> Path:
        digest = add_wheel(wheels, "tiny", "1.0")
        add_wheel(wheels, "unwanted", "1.0")
        add_wheel(wheels, "nvidia_tiny", "1.0")
        for build in builds:
            accelerator = () if "cpu" in build else ("nvidia-tiny",)
            add_wheel(wheels, "torch", build, requires=("tiny", "unwanted", *accelerator))
        return write_lock(tmp_path, "# excluded: unwanted", f"tiny==1.0 --hash=sha256:{digest}", "torch==2.0")

    return write


def test_a_cpu_build_of_torch_is_preferred(torch_lock: Callable[..., Path], tmp_path: Path):
    python = ensure_python("tiny", torch_lock("2.0", "2.0+cpu", "2.0+cu130"), tmp_path / "envs", print)

    assert installed(python) == {"tiny": "1.0", "torch": "2.0+cpu"}


def test_without_a_cpu_build_torch_comes_with_what_it_needs(torch_lock: Callable[..., Path], tmp_path: Path):
    said: list[str] = []

    python = ensure_python("tiny", torch_lock("2.0"), tmp_path / "envs", said.append)

    assert installed(python) == {"tiny": "1.0", "torch": "2.0", "nvidia_tiny": "1.0"}
    assert any("no CPU build" in line for line in said)
