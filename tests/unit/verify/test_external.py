from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.store.store import Store
from deploymatrix.verify.external import referred
from deploymatrix.verify.intake import keep_artifact

EXTERNAL_DATA, METADATA = b"\x6a", b"\x72"  # fields 13 and 14


def sized(content: bytes) -> bytes:
    size = len(content)
    return (bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])) + content


def entry(location: bytes, field: bytes = EXTERNAL_DATA) -> bytes:
    """An entry as protocol buffers write it."""
    return field + sized(b"\x0a\x08location\x12" + sized(location))


def written(folder: Path, *locations: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(b"graph" + b"between".join(map(entry, locations)))
    return folder / "model.onnx"


def test_references_are_found_each_once(tmp_path: Path) -> None:
    long = "w" * 200
    artifact = written(tmp_path, b"weights.bin", b"./data//part 1", long.encode(), b"weights.bin", "größe".encode())

    assert referred(artifact, artifact) == ["weights.bin", "data/part 1", long, "größe"]


def test_metadata_of_that_name_is_no_reference(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"graph" + entry(b"/usr/share", METADATA))
    assert referred(tmp_path / "model.onnx", tmp_path / "model.onnx") == []


def test_a_file_without_references_has_none(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    assert referred(tmp_path / "empty.onnx", tmp_path / "empty.onnx") == []
    assert referred(written(tmp_path), tmp_path) == []


@pytest.mark.parametrize(
    "location", [b"../weights", b"a/../../b", b"/etc/hostname", b"..", b".", b"a\\b", b"a\0b", b"\xff"]
)
def test_a_reference_that_leaves_the_folder_is_refused(tmp_path: Path, location: bytes) -> None:
    (tmp_path / "weights").write_bytes(b"not its own")
    artifact = written(tmp_path / "given", location)
    store = Store(tmp_path / "store")

    with pytest.raises(ConfigurationError, match=r"given/model\.onnx: refers to"):
        keep_artifact(store, artifact)

    assert [*store.folder("artifacts").iterdir()] == []


def test_what_is_referred_to_is_copied_and_nothing_else(tmp_path: Path) -> None:
    artifact = written(tmp_path / "given", b"weights.bin", b"data/deep/part", b"model.onnx.data")
    (tmp_path / "given" / "data" / "deep").mkdir(parents=True)
    for name in ("weights.bin", "data/deep/part", "model.onnx.data", "secret", "data/secret"):
        (tmp_path / "given" / name).write_bytes(name.encode())

    kept = keep_artifact(Store(tmp_path / "store"), artifact)

    files = {p.relative_to(kept.parent).as_posix() for p in kept.parent.rglob("*") if p.is_file()}
    assert files == {"model.onnx", "weights.bin", "data/deep/part", "model.onnx.data"}
    assert (kept.parent / "data/deep/part").read_bytes() == b"data/deep/part"


def test_weights_count_in_the_artifacts_digest(tmp_path: Path) -> None:
    artifact, store = written(tmp_path / "given", b"weights.bin"), Store(tmp_path / "store")
    (tmp_path / "given" / "weights.bin").write_bytes(b"first")
    first = keep_artifact(store, artifact)
    (tmp_path / "given" / "weights.bin").write_bytes(b"other")

    assert keep_artifact(store, artifact).parent != first.parent


def test_a_link_among_the_references_or_on_the_way_to_them_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "part").write_bytes(b"secret")
    artifact = written(tmp_path / "given", b"data/part")
    (tmp_path / "given" / "data").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigurationError, match="given/data: this is a symbolic link where the artifact has a folder"):
        keep_artifact(Store(tmp_path / "store"), artifact)

    (tmp_path / "given" / "data").unlink()
    (tmp_path / "given" / "data").mkdir()
    (tmp_path / "given" / "data" / "part").symlink_to(tmp_path / "elsewhere" / "part")
    with pytest.raises(ConfigurationError, match="given/data/part: this is a symbolic link, which is not read"):
        keep_artifact(Store(tmp_path / "store"), artifact)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    artifact = written(tmp_path / "given", b"weights.bin")

    with pytest.raises(ConfigurationError, match=r"given/weights\.bin: this is not there"):
        keep_artifact(Store(tmp_path / "store"), artifact)
