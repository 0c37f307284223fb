"""A server as a process of the task's: started, waited for, its words passed on, and ended with all that it started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

START_S = 120.0  # a server that is not healthy by then has failed
GRACE_S = 3.0  # between being asked to end, and being killed
MARK = "DEPLOYMATRIX_SERVER"  # set for the server, inherited by all that it starts, whatever sessions they make
TAIL = 4096  # bytes of what it said last
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is reached by no proxy


class ServerProcess:
    """A started server. It stays in the task's group of processes; a keeper ends it whatever becomes of the task."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        mark = uuid.uuid4().hex
        keeper = [sys.executable, "-S", str(Path(__file__).with_name("keeper.py")), f"{MARK}={mark}"]
        self.keeper = subprocess.Popen(keeper, stdin=subprocess.PIPE, start_new_session=True)
        self.folder = tempfile.mkdtemp(prefix="s")  # and its home; short, as paths of sockets have 107 bytes
        own = {MARK: mark, "HOME": self.folder, "TMPDIR": self.folder}
        self.process = subprocess.Popen(
            list(command),
            env={**os.environ, **own, **variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = b""
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self) -> None:
        """Pass on to the task's log what the server says, as it comes."""
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 1 << 16):
            self.said = (self.said + data)[-TAIL:]
            sys.stderr.buffer.write(data)
            sys.stderr.flush()

    def wait_for(self, url: str) -> None:
        """Return once the address answers 200. Raise RuntimeError for a server that ended, TimeoutError for silence."""
        until = time.monotonic() + START_S
        while self.process.poll() is None:
            with suppress(OSError):  # nobody listens yet; also HTTPError, before the model is there
                if DIRECT.open(url, timeout=START_S).status == 200:
                    return
            if time.monotonic() > until:
                raise TimeoutError(f"the server was not healthy within {START_S:.0f} s. {self.last_words()}")
            time.sleep(0.05)
        raise RuntimeError(f"the server ended with exit code {self.process.returncode}. {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it said, the last line first: a record keeps a few lines."""
        self.listener.join(1.0)  # of a server that ended, all is read
        lines = [line for line in self.said.decode(errors="replace").splitlines() if line.strip()]
        return "\n".join(["It said, the last line first:", *reversed(lines)]) if lines else "It said nothing"

    def end(self) -> None:
        """End the server and all that it started, first by asking."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_S)
        assert self.keeper.stdin is not None
        self.keeper.stdin.close()
        self.keeper.wait()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
