"""Where things lie in a container: all that the engine gives it is below one folder."""

from __future__ import annotations

ALL = "/deploymatrix"
WORKER = f"{ALL}/worker"
TARGET = f"{ALL}/target"
MODULES = f"{ALL}/modules"  # what a runner hands to its targets
INBOX = f"{ALL}/inbox"  # what tasks are given, each under a name of its own
ROOMS = f"{ALL}/rooms"  # the folders of tasks
