"""What a merge refuses: a part that does not agree with itself, or that is not of the same run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import USAGE, ConfigurationError
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.merge import Piece, merge
from deploymatrix.matrix.records import Cell, Matrix, Shard
from deploymatrix.matrix.shards import plan_digest
from tests.fakes.matrices import make_cell, make_matrix
from tests.fakes.tree import Called

PLAN = ("lstm/onnx/fp32", "mlp/litert/fp32", "mlp/onnx/fp32")
RECORD = Shard(parts=("1/2",), plan=plan_digest(PLAN), cells=PLAN)
LOCKS = {"targets/onnx/requirements.lock": "a" * 64}


def part(*cells: Cell, **changes: Any) -> Matrix:
    return make_matrix(*cells).model_copy(update={"shard": RECORD, "locks": LOCKS, **changes})


def merged(*matrices: Matrix) -> Matrix:
    return merge([Piece(file=Path(f"{i}/matrix.json"), matrix=matrix) for i, matrix in enumerate(matrices)])


FIRST = part(make_cell("mlp", "onnx"))


def changed(**fields: Any) -> Matrix:
    """Another part, with a cell on the same target."""
    return part(make_cell("lstm", "onnx").model_copy(update=fields))


def test_parts_of_one_run_are_merged() -> None:
    assert {cell.name for cell in merged(FIRST, changed()).cells} == {"mlp/onnx/fp32", "lstm/onnx/fp32"}


def test_a_cell_outside_the_plan_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"1/matrix\.json: ghost/onnx/fp32 is not in the plan"):
        merged(FIRST, part(make_cell("ghost", "onnx")))


def test_a_plan_whose_digest_is_another_is_refused() -> None:
    wrong = RECORD.model_copy(update={"plan": "f" * 64})

    with pytest.raises(ConfigurationError, match=r"1/matrix\.json: the digest of its plan, ffffffffffff…, is not that"):
        merged(FIRST, part(shard=wrong))


def test_a_cell_whose_figures_do_not_bear_its_pass_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"1/matrix\.json: lstm/onnx/fp32: its figures say io_mismatch, not p"):
        merged(FIRST, changed(outputs=()))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed(image="sha256:" + "f" * 64), "image of target onnx: sha256:"),
        (changed(versions={"torch": "2.13.0", "onnx": "9"}), r"version of onnx/from_torch: onnx: 1\.2\.3 against 9"),
        (part(locks={}), r"targets/onnx/requirements\.lock: aaaaaaaaaaaa against no such lock"),
        (part(locks={next(iter(LOCKS)): "b" * 64}), r"targets/onnx/requirements\.lock: aaaaaaaaaaaa against bbbb"),
    ],
    ids=["image", "version", "no lock", "another lock"],
)
def test_parts_with_other_images_versions_or_locks_are_refused(other: Matrix, said: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"0/matrix\.json and 1/matrix\.json are not parts of one run: " + said
    ):
        merged(FIRST, other)


def test_versions_of_another_runtime_do_not_conflict() -> None:
    """onnxruntime for numpy 1, LiteRT's for numpy 2: each target has packages of its own."""
    onnx = make_cell("mlp", "onnx").model_copy(update={"versions": {"onnx: numpy": "1"}})
    litert = make_cell("mlp", "litert").model_copy(update={"versions": {"litert: numpy": "2"}})

    assert len(merged(part(onnx), part(litert)).cells) == 2


def test_two_runtime_versions_of_one_target_are_refused() -> None:
    first = make_cell("mlp", "onnx").model_copy(update={"versions": {"onnx: numpy": "1"}})

    with pytest.raises(ConfigurationError, match=r"version of onnx: numpy: 1 against 2 \(mlp/onnx/fp32, lstm/onnx/fp3"):
        merged(part(first), changed(versions={"onnx: numpy": "2"}))


def test_a_refused_part_is_a_usage_error_that_names_its_file(call: Callable[..., Called], tmp_path: Path) -> None:
    write_matrix(FIRST, tmp_path / "1")
    write_matrix(part(make_cell("ghost", "onnx")), tmp_path / "2")

    done = call("merge", str(tmp_path / "1"), str(tmp_path / "2"), "--out", str(tmp_path / "merged"))

    assert done.code == USAGE
    assert f"{tmp_path}/2/matrix.json: ghost/onnx/fp32" in done.err
    assert not (tmp_path / "merged").exists()
