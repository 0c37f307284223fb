"""The machine that the work is done on."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
FEATURES = re.compile(r"^(?:flags|features|isa)\s*:(.*)$", re.MULTILINE | re.IGNORECASE)  # of x86, ARM, RISC-V


def memory_budget_mb() -> int:
    """Return three quarters of the machine's memory in MiB; 8192 where the machine does not tell."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8192
    return total // 2**20 * 3 // 4


def processor() -> str:
    """Return what kind of processor this is, as "x86_64, features 0123456789ab": code made for one runs on its like.

    Features are those that Linux lists; where it does not, the name that the system has for the processor.
    """
    return _processor(CPUINFO)


@functools.cache
def _processor(cpuinfo: Path) -> str:
    try:
        lines = FEATURES.findall(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        lines = []
    features = sorted({word for line in lines for word in line.split()})
    if not features:
        return ", ".join(filter(None, (platform.machine(), platform.processor())))
    return f"{platform.machine()}, features {hashlib.sha256(' '.join(features).encode()).hexdigest()[:12]}"
