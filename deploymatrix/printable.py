"""Text of models, exporters and runtimes, made safe to print: it must not steer a terminal."""

from __future__ import annotations

import re

# Escape sequences (ECMA-48: CSI, and OSC up to its end), then every control character but tab and line feed.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# What turns the direction of writing, so that a line reads otherwise than it is: https://trojansource.codes
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` without escape sequences and control characters; tabs and line feeds stay.

    Halves of surrogate pairs, which no encoding has, become their escapes: what is returned can be encoded.
    """
    return TURNING.sub("", CONTROL.sub("", text)).encode(errors="backslashreplace").decode()
