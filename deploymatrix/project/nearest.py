"""What somebody may have meant."""

from __future__ import annotations

import difflib


def nearest(name: str, known: list[str]) -> str:
    """Return a hint for an unknown name: the closest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"
