"""Ends the interpreter that imports it, by a crash, as a runtime with a broken binary does."""

import os
import signal

os.kill(os.getpid(), signal.SIGSEGV)
