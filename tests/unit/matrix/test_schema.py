"""docs/matrix.schema.json is what the code says, and a matrix that was written validates by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.tree import Called

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "matrix.schema.json"

CELL = {
    "model": "linear",
    "framework": "numpy",
    "family": "other",
    "target": "npz",
    "variant": "fp32",
    "route": ["numpy", "npz"],
    "steps": ["npz/from_numpy"],
    "outcome": "passed",
}
MATRIX = {"schema_version": 1, "generator": "test", "isolation": "process", "cells": [CELL]}


@pytest.fixture
def validate() -> Callable[[Any], None]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


def test_the_published_schema_is_up_to_date(call: Callable[..., Called]) -> None:
    done = call("schema")

    assert done.code == 0
    assert SCHEMA.read_text(encoding="utf-8") == done.out, "write it anew: python -m deploymatrix schema"


def test_the_least_matrix_is_valid(validate: Callable[[Any], None]) -> None:
    assert validate(MATRIX) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {**MATRIX, "schema_version": 2},
        {**MATRIX, "isolation": "vm"},
        {**MATRIX, "surprise": 1},
        {**MATRIX, "cells": [{**CELL, "outcome": "fine"}]},
        {**MATRIX, "cells": [{**CELL, "verdict": "fine"}]},
        {**MATRIX, "cells": [{key: value for key, value in CELL.items() if key != "outcome"}]},
    ],
)
def test_what_is_no_matrix_is_not_valid(validate: Callable[[Any], None], wrong: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(wrong)
