"""The expressions of `-k`: words joined by and, or, not and parentheses."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from deploymatrix.errors import ConfigurationError

OPERATORS = {"and", "or", "not"}


def compile_expression(text: str) -> Callable[[Callable[[str], bool]], bool]:
    """Return a function that says whether the expression holds, given a function that says whether a word does.

    Raise ConfigurationError when the text is not an expression.
    """
    words: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        word = match[0]
        return word if word in OPERATORS else words.setdefault(word, f"word{len(words)}")

    source = re.sub(r"[^\s()]+", name, text).strip()
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        raise ConfigurationError(f"-k {text!r}: not an expression; write for example 'mlp and not tfjs'") from None
    if not all(isinstance(part, ast.BoolOp | ast.UnaryOp | ast.Name | _MARKS) for part in ast.walk(tree)):
        raise ConfigurationError(f"-k {text!r}: join words by and, or, not")
    word_of = {name: word for word, name in words.items()}
    return lambda holds: _value(tree, lambda name: holds(word_of[name]))


_MARKS = ast.And | ast.Or | ast.Not | ast.Load


def _value(term: ast.expr, holds: Callable[[str], bool]) -> bool:
    if isinstance(term, ast.BoolOp):
        join = all if isinstance(term.op, ast.And) else any
        return join(_value(operand, holds) for operand in term.values)
    if isinstance(term, ast.UnaryOp):
        return not _value(term.operand, holds)
    assert isinstance(term, ast.Name)
    return holds(term.id)
