"""Digests know code from comments, and data from the order that it was written in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.store import digests

CODE = '''"""What it does."""

# why
def double(x):
    """Twice x."""
    return 2 * x  # not 3
'''

data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def of(folder: Path, text: str, name: str = "step.py") -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return digests.of_code(folder / name)


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# why\n", ""),
        CODE.replace("# not 3", "# certainly not 3"),
        CODE.replace("Twice x.", "x, doubled."),
        CODE.replace('"""What it does."""\n', ""),
        CODE.replace("2 * x", "(2\n            * x)"),
        "\n\n" + CODE,
    ],
)
def test_comments_docstrings_and_layout_do_not_count(tmp_path: Path, same: str) -> None:
    assert of(tmp_path / "a", CODE) == of(tmp_path / "b", same)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("2 * x", "3 * x"),
        CODE.replace("2 * x", "x * 2"),
        CODE.replace("2 * x", "2.0 * x"),
        CODE.replace("double(x)", "double(x, y=1)"),
        CODE + "\ndouble(1)\n",
    ],
)
def test_code_counts(tmp_path: Path, other: str) -> None:
    assert of(tmp_path / "a", CODE) != of(tmp_path / "b", other)


def test_a_string_that_is_no_docstring_counts(tmp_path: Path) -> None:
    assert of(tmp_path / "a", 'def f():\n    return "a"\n') != of(tmp_path / "b", 'def f():\n    return "b"\n')


def test_broken_code_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert of(tmp_path / "a", "def f(:") == hashlib.sha256(b"def f(:").hexdigest()


def test_of_other_files_every_byte_counts(tmp_path: Path) -> None:
    assert of(tmp_path / "a", "// a", "run.mjs") != of(tmp_path / "b", "// b", "run.mjs")


def test_a_change_is_seen_within_one_process(tmp_path: Path) -> None:
    before = of(tmp_path, "x = 1\n")

    assert of(tmp_path, "x = 10\n") != before


def test_a_folder_is_known_by_its_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    of(folder, CODE, "model.py")
    of(folder, "1", "data.txt")
    whole = digests.of_code_folder(folder)

    of(folder, "framework = 1", "model.toml")
    assert digests.of_code_folder(folder) != whole
    assert digests.of_code_folder(folder, without=frozenset({"model.toml"})) == whole

    (folder / "data.txt").rename(folder / "other.txt")
    assert digests.of_code_folder(folder, without=frozenset({"model.toml"})) != whole


def test_caches_in_a_folder_do_not_count(tmp_path: Path) -> None:
    of(tmp_path, CODE)
    whole = digests.of_code_folder(tmp_path)

    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "step.pyc").write_bytes(b"x")
    (tmp_path / ".hidden").write_bytes(b"x")

    assert digests.of_code_folder(tmp_path) == whole


@given(st.dictionaries(st.text(), data, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_count(mapping: dict[str, object], random: object) -> None:
    items = list(mapping.items())
    random.shuffle(items)  # type: ignore[attr-defined]

    assert digests.of_data(dict(items)) == digests.of_data(mapping)


@given(data)
def test_canonical_json_says_the_same_and_only_one_text_does(value: object) -> None:
    text = digests.canonical_json(value)

    assert json.loads(text) == value
    assert digests.canonical_json(json.loads(text)) == text


@given(st.lists(st.integers(), min_size=2, unique=True))
def test_the_order_of_a_list_counts(values: list[int]) -> None:
    assert digests.of_data(values) != digests.of_data(values[::-1])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digests.canonical_json(value)
