"""disagreement.json, and what `explain` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix.disagreement import (
    DISAGREEMENT,
    Disagreement,
    Disagreements,
    agreement_lines,
    read_disagreements,
)
from deploymatrix.store.files import write_json

FOUND = Disagreement(
    model="mlp",
    variant="fp32",
    targets=("litert", "onnx", "serve", "tfjs", "xla"),
    distances=((), (3e-6,), (3e-6, 0.0), (2e-6, 1e-7, 1e-7), (None, None, None, None)),
    alike=(("onnx", "serve"),),
    apart=("litert",),
    share=("the step litert/from_torch",),
)


def test_it_says_who_is_the_same_who_is_near_and_who_stands_apart() -> None:
    assert agreement_lines(FOUND, "onnx") == [
        "the same to the bit as serve",
        "nearest: tfjs 1e-07, litert 3e-06; farthest: litert 3e-06",
        "apart from all others stand litert; they alone share the step litert/from_torch",
    ]
    assert agreement_lines(FOUND, "litert")[-1] == "it stands apart; they alone share the step litert/from_torch"


@pytest.mark.parametrize("target", ["nobody", "xla"])
def test_of_what_did_not_answer_there_is_no_distance_to_tell(target: str) -> None:
    assert not any("nearest" in line for line in agreement_lines(FOUND, target))


def test_it_is_read_by_model_and_variant(tmp_path: Path) -> None:
    assert read_disagreements(tmp_path) == {}
    write_json(tmp_path / DISAGREEMENT, Disagreements(models=(FOUND,)))
    assert read_disagreements(tmp_path) == {("mlp", "fp32"): FOUND}


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / DISAGREEMENT).write_text('{"models": [{}]}')
    with pytest.raises(IncompleteRun, match="not of this version"):
        read_disagreements(tmp_path)
