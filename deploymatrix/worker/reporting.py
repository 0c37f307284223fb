"""What a child writes to the server: the stage that it is in, what it read, and its one reply.

Every line carries the nonce.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .delivering import write_all
from .ending import error_report

if TYPE_CHECKING:
    from .protocol import ChildMessage, ChildReply, Stage
    from .reading import Reads


class Reporter:
    """The writer of a child's messages, to a descriptor."""

    def __init__(self, nonce: str, fd: int) -> None:
        self.nonce, self.fd = nonce, fd
        self.current: Stage = "import"
        self.reads: Reads | None = None

    def stage(self, name: Stage) -> None:
        """Announce the next stage, so that the server can name it even if the child dies in it."""
        self.current = name
        self.write({"nonce": self.nonce, "stage": name})

    def finish(self, reply: ChildReply) -> None:
        """Write the reply; one that says "failed" where the task's value is not JSON."""
        try:
            self.write_reply(reply)
        except (TypeError, ValueError) as error:
            self.write_reply({"status": "failed", "error": error_report(error)})

    def write_reply(self, reply: ChildReply) -> None:
        self.write({"nonce": self.nonce, "stage": self.current, "reply": reply})

    def write(self, message: ChildMessage) -> None:
        if self.reads is not None:  # with every message: a child that dies later has told what it read before
            message["reads"] = self.reads.take()
        # A lone surrogate, as in a file's undecodable name, is no text: UTF-8 has none, and readers refuse its escape.
        write_all(self.fd, json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
