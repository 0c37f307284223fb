"""The host's reader: what a worker writes is a message of the protocol, or the end of that worker, and nothing else."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploymatrix.host.frames import MOST_LINE, Data, Incoming, ProtocolError, Ready, Result
from deploymatrix.host.values import VALUES, check_value

READY = {"op": "ready", "protocol": 4, "pid": 1, "runtime": "python 3.11", "versions": {"numpy": "2"}}
RESULT = {"op": "result", "nonce": "n", "status": "ok", "stage": "run", "value": {}, "wall_s": 1.0}
ERROR = {"type": "E", "message": "m", "traceback": "", "chain": []}
DATA = {"op": "data", "nonce": "n", "stream": "files", "bytes": 5}
RUN = {
    "outputs": ["y"],
    "extra": [],
    "missing": [],
    "checks": ["load"],
    "load_s": 0.1,
    "run_s": [0.1],
    "versions": {"numpy": "2"},
}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def line(message: Any) -> bytes:
    return json.dumps(message).encode() + b"\n"


def heard(*pieces: bytes) -> list[Any]:
    incoming = Incoming()
    return [message for piece in pieces for message in incoming.feed(piece)]


@given(st.lists(st.integers(0, 300), max_size=6))
def test_messages_do_not_depend_on_how_their_bytes_arrive(cuts: list[int]) -> None:
    stream = line(READY) + line(DATA) + b"a\n{}\0" + line(RESULT)
    at = [0, *sorted(cuts), len(stream)]

    messages = heard(*(stream[begin:end] for begin, end in itertools.pairwise(at)))

    assert [type(message) for message in messages] == [Ready, Data, Result]
    assert messages[1].data == b"a\n{}\0"


@pytest.mark.parametrize(
    "bad",
    [
        b"hello from a library\n",
        b"[]\n",
        b"\n",
        b"\xff\xfe\n",
        b'{"op": "result"}\n',
        b"[" * 100_000 + b"\n",
        b'{"op":"result","nonce":"n","status":"ok","stage":"run","value":' + b'{"a":' * 10_000 + b"\n",
        line({**RESULT, "status": "passed"}),
        line({**RESULT, "stage": "compare"}),
        line({**RESULT, "wall_s": float("nan")}),
        line({**RESULT, "wall_s": "1"}),
        line({**RESULT, "wall_s": -1}),
        line({**RESULT, "verdict": "ok"}),
        line({**RESULT, "nonce": 7}),
        line({**RESULT, "error": {**ERROR, "more": 1}}),
        line({**RESULT, "error": {**ERROR, "message": "\udcff"}}),
        line({**RESULT, "error": {**ERROR, "message": "x" * (1 << 20)}}),
        line({**RESULT, "reads": "abc"}),
        line({**DATA, "bytes": -1}),
        line({**DATA, "bytes": 0}),
        line({**DATA, "bytes": 1 << 40}),
        line({**DATA, "stream": "stdout"}),
        line({**READY, "op": "die"}),
        b"x" * (MOST_LINE + 1),
    ],
)
def test_what_is_no_message_ends_the_worker_in_words(bad: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        heard(bad)

    assert len(str(refused.value)) < 1000
    str(refused.value).encode()


@settings(max_examples=5_000, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([READY, RESULT, DATA, {**RESULT, "error": ERROR}]), st.data())
def test_nothing_but_a_protocol_error_comes_of_a_malformed_message(good: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([*good, "other"]))
    message = {**good, key: data.draw(ANYTHING)}
    text = line(message)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.binary(max_size=3)) + text[at + 1 :]

    try:
        for found in heard(text):
            assert isinstance(found, Ready | Result | Data) or found.op == "alive"
    except ProtocolError as error:
        str(error).encode()


@settings(max_examples=3_000, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(VALUES)), st.data())
def test_a_value_is_what_its_task_returns_or_is_refused_in_words(task: str, data: st.DataObject) -> None:
    value = {**RUN, data.draw(st.sampled_from([*RUN, "other"])): data.draw(ANYTHING)}

    try:
        check_value(task, value)
    except ProtocolError as error:
        str(error).encode("utf-8", "strict")


def test_the_value_of_a_run_is_taken() -> None:
    check_value("run", RUN)

    with pytest.raises(ProtocolError, match="run_s"):
        check_value("run", {**RUN, "run_s": [float("nan")]})
    with pytest.raises(ProtocolError):
        check_value("run", None)
