"""What of somebody else's files gets into the store: regular files of the artifact's own folder, and nothing else."""

from __future__ import annotations

import os
import socket
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.store.store import Store
from deploymatrix.verify.intake import keep_artifact

SECRET = b"root:$6$secret:19000:0:99999:7:::"
Plant = Callable[[Path, Path], None]  # makes a file at a path; a file of the host lies at the other one


def link(path: Path, host_file: Path) -> None:
    path.symlink_to(host_file)


def link_beside(path: Path, host_file: Path) -> None:
    (path.parent / "beside").write_bytes(b"weights")
    path.symlink_to("beside")


def link_to_nothing(path: Path, host_file: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path, host_file: Path) -> None:
    os.mkfifo(path)


def listening_socket(path: Path, host_file: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


PLANTED: dict[Plant, str] = {
    link: "a symbolic link",
    link_beside: "a symbolic link",
    link_to_nothing: "a symbolic link",
    pipe: "a named pipe",
    listening_socket: "a socket",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def host_file(tmp_path: Path) -> Path:
    path = tmp_path / "shadow"
    path.write_bytes(SECRET)
    return path


def stored(store: Store) -> list[bytes]:
    return [path.read_bytes() for path in store.root.rglob("*") if path.is_file() and path.name != "record.json"]


@pytest.mark.parametrize(("plant", "kind"), PLANTED.items(), ids=[plant.__name__ for plant in PLANTED])
def test_beside_a_file_lies_no_link_pipe_or_socket(
    store: Store, tmp_path: Path, host_file: Path, plant: Plant, kind: str
) -> None:
    artifact = tmp_path / "given" / "model.onnx"
    artifact.parent.mkdir()
    artifact.write_bytes(b"graph")
    plant(artifact.with_name("model.onnx.data"), host_file)

    with pytest.raises(ConfigurationError, match=rf"given/model\.onnx\.data: this is {kind}"):
        keep_artifact(store, artifact)

    assert SECRET not in stored(store)
    assert [*store.folder("artifacts").iterdir()] == []


@pytest.mark.parametrize(("plant", "kind"), PLANTED.items(), ids=[plant.__name__ for plant in PLANTED])
def test_deep_in_a_folder_lies_no_link_pipe_or_socket(
    store: Store, tmp_path: Path, host_file: Path, plant: Plant, kind: str
) -> None:
    inner = tmp_path / "saved" / "variables"
    inner.mkdir(parents=True)
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"graph")
    plant(inner / "variables.index", host_file)

    with pytest.raises(ConfigurationError, match=rf"saved/variables/variables\.index: this is {kind}"):
        keep_artifact(store, tmp_path / "saved")

    assert SECRET not in stored(store)
    assert [*store.folder("artifacts").iterdir()] == []


def test_a_folder_that_is_a_link_is_refused_inside_an_artifact(store: Store, tmp_path: Path, host_file: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "assets").symlink_to(tmp_path)

    with pytest.raises(ConfigurationError, match=r"saved/assets: this is a symbolic link"):
        keep_artifact(store, tmp_path / "saved")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_never_opened(store: Store, tmp_path: Path) -> None:
    artifact = tmp_path / "model.onnx"
    artifact.write_bytes(b"graph")
    try:
        os.mknod(tmp_path / "model.onnx.data", 0o020666, os.makedev(1, 5))  # as /dev/zero: it has no end
    except PermissionError:
        pytest.skip("this root may not make devices")

    with pytest.raises(ConfigurationError, match=r"model\.onnx\.data: this is a device"):
        keep_artifact(store, artifact)


def test_the_path_that_the_user_typed_may_be_a_link(store: Store, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "model.onnx").write_bytes(b"graph")
    (real / "model.onnx.data").write_bytes(b"weights")
    (tmp_path / "way").symlink_to(real)

    kept = keep_artifact(store, tmp_path / "way" / "model.onnx")

    assert kept.read_bytes() == b"graph"
    assert kept.with_name("model.onnx.data").read_bytes() == b"weights"


def test_a_folder_beside_does_not_belong_to_a_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"graph")
    (tmp_path / "model.onnx.backup").mkdir()

    kept = keep_artifact(store, tmp_path / "model.onnx")

    assert [path.name for path in kept.parent.iterdir()] == ["model.onnx"]


def test_a_folder_is_copied_whole(store: Store, tmp_path: Path) -> None:
    files = {"saved_model.pb": b"graph", "variables/variables.index": b"index", "assets/deep/er/words.txt": b"word"}
    for name, content in files.items():
        (tmp_path / "saved" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "saved" / name).write_bytes(content)

    kept = keep_artifact(store, tmp_path / "saved")

    assert {p.relative_to(kept).as_posix(): p.read_bytes() for p in kept.rglob("*") if p.is_file()} == files


def test_an_archive_is_copied_as_the_file_that_it_is(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.mlpackage.zip", "w") as archive:
        archive.writestr("../../escaped", b"canary")

    kept = keep_artifact(store, tmp_path / "model.mlpackage.zip")

    assert kept.read_bytes() == (tmp_path / "model.mlpackage.zip").read_bytes()
    assert [path.name for path in kept.parent.iterdir()] == ["model.mlpackage.zip"]
    assert not [*tmp_path.rglob("escaped")]


def test_a_file_that_only_says_that_it_is_large_does_not_fill_the_disk(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "model.onnx").open("wb") as file:
        file.truncate(1 << 42)

    with pytest.raises(ConfigurationError, match=r"model\.onnx: says that it has 4,398,046,511,104 bytes"):
        keep_artifact(store, tmp_path / "model.onnx")


def test_folders_without_end_are_no_artifact(store: Store, tmp_path: Path) -> None:
    (tmp_path / "saved" / "/".join(["deeper"] * 40)).mkdir(parents=True)
    (tmp_path / "saved" / "/".join(["deeper"] * 40) / "file").touch()

    with pytest.raises(ConfigurationError, match="this is no artifact"):
        keep_artifact(store, tmp_path / "saved")


def test_a_name_that_no_record_can_hold_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / os.fsdecode(b"bad\xff")).touch()

    with pytest.raises(ConfigurationError, match="this name is not UTF-8"):
        keep_artifact(store, tmp_path / "saved")


def test_a_name_that_changes_meanwhile_leads_nowhere(store: Store, tmp_path: Path, host_file: Path) -> None:
    """A thread swaps the weights for a link as fast as it can: each copy is refused or of the true file."""
    artifact, weights = tmp_path / "model.onnx", tmp_path / "model.onnx.data"
    artifact.write_bytes(b"graph")
    (tmp_path / "true").write_bytes(b"weights")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for target in ("true", "shadow"):
                spare = tmp_path / "spare"
                os.link(tmp_path / target, spare) if target == "true" else spare.symlink_to(host_file)
                spare.replace(weights)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(60):
            try:
                keep_artifact(store, artifact)
            except ConfigurationError as refusal:
                assert "model.onnx.data" in str(refusal)
    finally:
        over.set()
        swapper.join()

    assert SECRET not in stored(store)
