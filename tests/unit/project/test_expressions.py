"""`-k`: words joined by and, or, not and parentheses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.expressions import compile_expression

TRUE = {"mlp", "litert", "keras_mlp/onnx/*", "is", "None"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mlp", True),
        ("lstm", False),
        ("not lstm", True),
        ("mlp and litert", True),
        ("mlp and not litert", False),
        ("lstm or litert", True),
        ("lstm and mlp or litert", True),
        ("lstm and (mlp or litert)", False),
        ("not (lstm or mlp)", False),
        ("not not mlp", True),
        ("keras_mlp/onnx/* and mlp", True),
        ("is and None", True),
        ("  mlp  ", True),
    ],
)
def test_an_expression(text: str, value: bool) -> None:
    assert compile_expression(text)(TRUE.__contains__) is value


@pytest.mark.parametrize("text", ["", " ", "and", "mlp and", "mlp litert", "(mlp", "mlp)", "not", "()", "mlp (litert)"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="-k "):
        compile_expression(text)


words = st.sampled_from(["mlp", "lstm", "a-b", "x/y", "word0", "word1"])
expressions = st.recursive(
    words,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
    ),
)


@given(expressions, st.sets(words))
def test_double_negation_changes_nothing(text: str, true: set[str]) -> None:
    plain, twice = compile_expression(text), compile_expression(f"not (not ({text}))")

    assert plain(true.__contains__) is twice(true.__contains__)


@given(expressions, expressions, st.sets(words))
def test_de_morgan(left: str, right: str, true: set[str]) -> None:
    one = compile_expression(f"not (({left}) and ({right}))")
    other = compile_expression(f"(not ({left})) or (not ({right}))")

    assert one(true.__contains__) is other(true.__contains__)
