"""Evidence checked: a statement that was written earlier must say what the present matrix says."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.statement import STATEMENT, TEST_RESULT

PAYLOAD = "application/vnd.in-toto+json"


def read_statement(path: Path) -> dict[str, Any]:
    """Read a statement: bare, in a DSSE envelope, or in a Sigstore bundle with one. Signatures are not verified.

    Raise ConfigurationError for what is none of these.
    """
    data = _json(path, _bytes(path))
    envelope = data.get("dsseEnvelope", data)
    if isinstance(envelope, dict) and "payload" in envelope:
        if envelope.get("payloadType") != PAYLOAD:
            raise ConfigurationError(f"{path}: its payload is {envelope.get('payloadType')!r}, not {PAYLOAD!r}")
        data = _json(path, _decoded(path, envelope["payload"]))
    if (data.get("_type"), data.get("predicateType")) != (STATEMENT, TEST_RESULT):
        raise ConfigurationError(
            f"{path}: this is not a statement of a test result: its types are {data.get('_type')!r} and "
            f"{data.get('predicateType')!r}; `deploymatrix evidence --out {path.name}` makes one"
        )
    return data


def differences(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    """Return a line for each thing that the earlier statement says otherwise than the present one, or does not say."""
    predicate, present = before.get("predicate"), now["predicate"]
    if not isinstance(predicate, dict):
        return ("it has no predicate",)
    lines = [*_of_list("subject", before.get("subject"), now["subject"])]
    lines += _of_list("configuration", predicate.get("configuration"), present["configuration"])
    if predicate.get("result") != present["result"]:
        lines.append(f"its result is {predicate.get('result')}, now {present['result']}")
    for key in ("passedTests", "warnedTests", "failedTests"):
        said = predicate.get(key)
        if not isinstance(said, list) or sorted(map(str, said)) != present[key]:
            lines.append(f"its {key} are not those of the matrix{_first(said, present[key])}")
    return tuple(lines)


def _of_list(what: str, said: Any, present: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where a list of named resources is not the present one."""
    if not isinstance(said, list) or not all(isinstance(resource, dict) for resource in said):
        yield f"its {what} is no list of resources"
        return
    before = {str(resource.get("name")): resource for resource in said}
    now = {str(resource["name"]): resource for resource in present}
    if len(before) < len(said):
        yield f"its {what} names one resource twice"
    for name in sorted({*before, *now}):
        if name not in before:
            yield f"its {what} lacks {name}"
        elif name not in now:
            yield f"its {what} has {name}, which the matrix does not have"
        elif before[name] != now[name]:
            yield f"its {what} says otherwise of {name}: {_short(before[name])} against {_short(now[name])}"


def _short(resource: dict[str, Any]) -> str:
    digest = resource.get("digest")
    sha = digest.get("sha256") if isinstance(digest, dict) else None
    return f"{sha[:12]}…" if isinstance(sha, str) else str(resource.get("uri"))


def _first(said: Any, present: list[str]) -> str:
    if not isinstance(said, list):
        return ""
    names = sorted(set(map(str, said)) ^ set(present))
    return f": {names[0]} is only in one of the two" if names else ""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: it cannot be read: {error.strerror}") from None


def _json(path: Path, text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}: this is not a statement: it is no JSON object")
    return data


def _decoded(path: Path, payload: Any) -> bytes:
    try:
        return base64.b64decode(str(payload), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"{path}: its payload is not base64: {error}") from None
