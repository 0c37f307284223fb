"""Platforms by the engine's names for them, and what Python and uv call their machines."""

from __future__ import annotations

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def machine_of(platform: str) -> str:
    """Return what Python calls the machine of a platform: aarch64 for linux/arm64, or for arm64 alone."""
    architecture = platform.rpartition("/")[2]
    return MACHINES.get(architecture, architecture)
