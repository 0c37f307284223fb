"""Which place of a quantised artifact a mutant changes."""

from __future__ import annotations

from typing import Any


class NoSite(LookupError):
    """The artifact has nothing, or nothing more, that this kind of mutant could change."""


def chosen(sites: list[Any], pick: int) -> Any:
    """The site of a pick: the first one, then the last one, then those that halve the distances."""
    if pick >= len(sites):
        raise NoSite(f"the artifact has {len(sites)} sites for it")
    last = len(sites) - 1
    spread = dict.fromkeys([0, last, *(round(last * i / 2**level) for level in range(1, 9) for i in range(2**level))])
    return sites[[*spread, *(i for i in range(len(sites)) if i not in spread)][pick]]
