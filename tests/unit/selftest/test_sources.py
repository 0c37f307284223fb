"""The sources of mutants in each framework: they know the kinds that are promised, and no others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deploymatrix.selftest.kinds import KINDS

FRAMEWORKS = Path(__file__).resolve().parents[3] / "pipelines" / "frameworks"
TABLES = {"weight": "WEIGHTS", "graph": "GRAPHS"}


def kinds_in(source: Path, table: str) -> set[str]:
    """Return the keys of a source's table, without importing its framework."""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == table:
            assert isinstance(node.value, ast.Dict)
            return {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    raise AssertionError(f"{source} has no {table}")


@pytest.mark.parametrize("maker", sorted(TABLES))
def test_every_kind_is_made_by_some_framework_and_none_beside(maker: str) -> None:
    found = [kinds_in(path, TABLES[maker]) for path in FRAMEWORKS.glob(f"*/sources/{maker}_mutant.py")]

    assert len(found) == 2
    promised = {kind.name for kind in KINDS.values() if kind.maker == maker} - {"unchanged"}
    assert set.union(*found) == promised
