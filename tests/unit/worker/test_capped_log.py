"""The capped log, in any cutting of what is written to it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.worker.capped_log import HEAD, TAIL, CappedLog
from deploymatrix.worker.lines import Lines

SIZES = [0, 1, HEAD, HEAD + TAIL, HEAD + TAIL + 1, 3 << 20]


def written(data: bytes, chunk: int) -> bytes:
    log = CappedLog()
    for start in range(0, len(data), chunk):
        log.write(data[start : start + chunk])
    return log.text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunk", [4093, 1 << 16, 4 << 20])
def test_head_and_tail_are_kept(size: int, chunk: int) -> None:
    data = bytes(index % 251 for index in range(size))

    kept = written(data, chunk)

    if size <= HEAD + TAIL:
        assert kept == data
        return
    marker = re.search(rb"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n", kept)
    assert marker is not None and len(kept) <= 1 << 20
    assert (kept[: marker.start()], kept[marker.end() :]) == (data[:HEAD], data[-TAIL:])
    assert int(marker[1]) == size - HEAD - TAIL


@given(st.lists(st.binary()))
def test_lines_do_not_depend_on_how_they_arrive(pieces: list[bytes]) -> None:
    lines = Lines()

    heard = [line for piece in pieces for line in lines.feed(piece)]

    assert heard == b"".join(pieces).split(b"\n")[:-1]


def test_a_line_that_is_too_long_is_dropped_whole() -> None:
    lines = Lines(limit=4)

    assert lines.feed(b"one\ntoo ") == [b"one"]
    assert lines.feed(b"long\ntwo\n") == [b"two"]
