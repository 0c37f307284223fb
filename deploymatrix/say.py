"""How the engine tells its user, in a sentence, what it is doing meanwhile."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
