"""The child's words to the server: the stage it is in, and its one reply. Every line carries the nonce."""

from __future__ import annotations

import json
import os
from typing import Any

from .result import failure


class Reporter:
    def __init__(self, nonce: str, fd: int) -> None:
        self.nonce, self.fd = nonce, fd
        self.current = "import"

    def stage(self, name: str) -> None:
        """Tells what comes next, so that the server can name the stage even if the child dies in it."""
        self.current = name
        self.write({})

    def finish(self, reply: dict[str, Any]) -> None:
        try:
            self.write({"reply": reply})
        except (TypeError, ValueError) as error:  # the task's value is not JSON
            self.write({"reply": {"status": "failed", "error": failure(error)}})

    def write(self, message: dict[str, Any]) -> None:
        line = json.dumps({"nonce": self.nonce, "stage": self.current, **message}).encode() + b"\n"
        data = memoryview(line)
        while data:
            data = data[os.write(self.fd, data) :]
