"""Locks pin exactly and by hash, hold no trace of a machine, and are as fresh as what they are made from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploymatrix.environments.lockfile import read_lock, render
from deploymatrix.environments.locking import Source, inputs_digest, portable, sources, stale
from deploymatrix.environments.node_packages import read_package_lock
from deploymatrix.errors import ConfigurationError, EnvironmentFailed
from tests.runtimes import EXPORTERS

ROOT = Path(__file__).parents[3]
DIGEST = "0" * 64
SOURCES = sources(ROOT)
RUNTIMES = [source for source in SOURCES if source.path.parent.parent.name == "targets"]


def test_a_lock_is_for_the_platform_whose_folder_it_lies_in():
    found = {source.name: source.platform for source in SOURCES}

    assert (found["onnx"], found["onnx-arm64"]) == ("x86_64-manylinux_2_36", "aarch64-manylinux_2_36")


def lock_of(folder: Path, text: str) -> Path:
    path = folder / "requirements.lock"
    path.write_text(text)
    return path


def test_pins_are_read_with_their_hashes(tmp_path: Path):
    text = (
        "# inputs: sha256:" + "a" * 64 + "\n# excluded: keras, grpcio\n"
        f"six==1.17.0 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{'1' * 64}\n    # via tiny\n"
        "torch==2.13.0\n    # via -r requirements.in\n"
    )

    lock = read_lock(lock_of(tmp_path, text))

    assert [(pin.name, pin.version, len(pin.hashes)) for pin in lock.pins] == [
        ("six", "1.17.0", 2),
        ("torch", "2.13.0", 0),
    ]
    assert (lock.excluded, lock.inputs) == (("keras", "grpcio"), "a" * 64)
    assert render(lock.hashed()) == f"six==1.17.0 --hash=sha256:{DIGEST} --hash=sha256:{'1' * 64}\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("six==1.17.0", "six==1.17.0 has no hash"),
        (f"six>=1 --hash=sha256:{DIGEST}", "no exact pin"),
        ("--index-url https://a.example/simple", "no exact pin"),
        ("./six.whl", "no exact pin"),
        ("six==1.17.0 --hash=md5:00", "is not understood"),
        ("six==1.17.0", "six==1.17.0 has no hash"),
    ],
)
def test_an_unsound_lock_is_refused_with_a_remedy(tmp_path: Path, line: str, complaint: str):
    path = lock_of(tmp_path, f"torch==2.13.0\n{line}\n")

    with pytest.raises(EnvironmentFailed, match=re.escape(complaint)) as raised:
        read_lock(path)

    assert str(path) in str(raised.value) and "nox -s lock" in str(raised.value)


def test_a_missing_lock_is_refused_with_a_remedy(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="nox -s lock"):
        read_lock(tmp_path / "requirements.lock")


def test_a_package_lock_without_integrity_is_refused(tmp_path: Path):
    path = tmp_path / "package-lock.json"
    path.write_text(json.dumps({"packages": {"": {}, "node_modules/left": {"version": "1.0.0"}}}))

    with pytest.raises(EnvironmentFailed, match="node_modules/left has no integrity"):
        read_package_lock(path)


def test_what_depends_on_the_build_of_torch_is_stripped():
    compiled = (
        f"numpy==2.4.6 \\\n    --hash=sha256:{DIGEST}\n    # via -r x.in\n"
        f"nvidia-cublas==13.1 \\\n    --hash=sha256:{DIGEST}\n    # via torch\n"
        f"torch==2.13.0+cpu \\\n    --hash=sha256:{DIGEST}\n    # via -r x.in\n"
        f"triton==3.7.1 \\\n    --hash=sha256:{DIGEST}\n    # via torch\n"
    )

    assert portable(compiled) == (
        f"numpy==2.4.6 \\\n    --hash=sha256:{DIGEST}\n    # via -r x.in\ntorch==2.13.0\n    # via -r x.in\n"
    )


def test_what_is_named_like_packages_of_torchs_build_stays_where_there_is_no_torch():
    compiled = f"nvidia-ml-py==13.1 \\\n    --hash=sha256:{DIGEST}\n    # via bentoml\n"

    assert portable(compiled) == compiled


def test_a_lock_is_stale_when_its_source_asks_for_something_else(tmp_path: Path):
    source = Source(name="tiny", path=tmp_path / "requirements.in")
    source.path.write_text("six==1.17.0\n")
    header = f"# inputs: sha256:{inputs_digest(source)}\n"
    lock_of(tmp_path, f"{header}six==1.17.0 --hash=sha256:{DIGEST}\n")
    assert stale(tmp_path) == []

    source.path.write_text("# why\nsix==1.17.0\n")
    assert stale(tmp_path) == []

    source.excludes.write_text("wheel\n")
    assert "requirements.in changed since" in stale(tmp_path)[0]


def test_a_missing_lock_is_stale(tmp_path: Path):
    (tmp_path / "requirements.in").write_text("six\n")

    assert "missing" in stale(tmp_path)[0]


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigurationError, match=r"known: .*torchscript"):
        sources(ROOT, ["torchscrpt"])


def test_the_committed_locks_are_sound_and_fresh():
    assert stale(ROOT) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.lock.relative_to(ROOT).as_posix())
def test_a_committed_lock_holds_no_trace_of_where_it_was_made(source: Source):
    text = source.lock.read_text()

    assert not re.search(
        r"(https?|file)://|--(extra-)?index-url|--find-links", text.replace("https://opencollective", "")
    )
    assert not re.search(r"(^|[\s=])/[a-z]", text)


@pytest.mark.parametrize("source", [s for s in RUNTIMES if not s.is_node], ids=lambda source: source.name)
def test_a_target_holds_its_runtime_and_no_exporter(source: Source):
    names = {pin.name for pin in read_lock(source.lock).pins}

    assert "numpy" in names
    asked = {line.partition("==")[0] for line in source.path.read_text().split()}  # keras is a runtime, too
    assert names & EXPORTERS <= asked
    # torch's compiler imports setuptools as it runs: without, it raises InductorError in the target that compiles.
    assert not names & ({"pip"} if source.name == "torch-compile" else {"pip", "setuptools"})
