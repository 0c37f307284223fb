"""The key that each task had last, so that another key can be explained by what changed in it."""

from __future__ import annotations
