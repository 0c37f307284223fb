"""Digests (SHA-256, hex) of files, folders, code and data; canonical JSON."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from pathlib import Path
from typing import Any


def canonical_json(data: Any) -> str:
    """Return the one text of `data`: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def of_data(data: Any) -> str:
    """Return the digest of any JSON value; the order of keys does not matter."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def of_file(path: str | Path) -> str:
    """Return the digest of a file's bytes. Raise OSError, which names the file also where reading fails."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def of_code(path: Path) -> str:
    """Return the digest of what a file does: comments, docstrings and layout of a Python file do not change it."""
    stat = path.stat()
    return _of_code(path, stat.st_mtime_ns, stat.st_size)


def of_code_folder(folder: Path, *, without: frozenset[str] = frozenset()) -> str:
    """Return the digest of all code and data in a folder, by relative path, but for caches and the files `without`."""
    return of_data({p.relative_to(folder).as_posix(): of_code(p) for p in files_of(folder, without=without)})


def files_of(folder: Path, *, without: frozenset[str] = frozenset()) -> list[Path]:
    """List the files that count in a folder, sorted."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and _counts(p.relative_to(folder), without)]


@functools.lru_cache(maxsize=4096)
def _of_code(path: Path, _mtime_ns: int, _size: int) -> str:
    if path.suffix != ".py":
        return of_file(path)
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return of_file(path)  # broken code is still code: its worker will say what is wrong with it
    for part in ast.walk(tree):
        if isinstance(part, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(part)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _drop_docstring(part: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    first = part.body[0] if part.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        part.body = part.body[1:]


def _counts(path: Path, without: frozenset[str]) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.as_posix() not in without
