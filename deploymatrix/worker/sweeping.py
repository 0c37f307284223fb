"""The end of a principal: its processes are killed and its folder emptied before its reply is believed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from .principals import Principal

PATIENCE_S = 2.0  # for one sweep; what is left of the task may stop the sweeping process, but not the server
SWEEPS = 10


class Sweep:
    """Sweeps until nothing is left. It never waits: `is_done` is asked again."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.pid = 0
        self.since = 0.0
        self.count = 0

    def is_done(self) -> bool:
        """Take the next step; return whether nothing is left. Raise RuntimeError when that cannot be reached."""
        if self.pid == 0:
            self._begin()
        self._kill_survivors()
        done, status = os.waitpid(self.pid, os.WNOHANG)
        if done == 0:
            if time.monotonic() - self.since > PATIENCE_S:
                os.kill(self.pid, signal.SIGKILL)
            return False
        if status == 0 and not self.principal.survivors(0) and self.principal.move_out():
            return True
        self._begin()
        return False

    def _begin(self) -> None:
        self.count += 1
        if self.count > SWEEPS:  # the server ends, and with it the container
            raise RuntimeError(f"user id {self.principal.uid} cannot be swept: {self.principal.survivors(0)} live on")
        self.since, self.pid = time.monotonic(), self.principal.sweep()

    def _kill_survivors(self) -> None:
        for pid in self.principal.survivors(apart_from=self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
