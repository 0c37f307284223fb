"""The machine that the work is done on."""

from __future__ import annotations

import os


def memory_budget_mb() -> int:
    """Return three quarters of the machine's memory in MiB; 8192 where the machine does not tell."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8192
    return total // 2**20 * 3 // 4
