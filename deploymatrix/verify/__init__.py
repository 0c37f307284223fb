"""Artifacts that somebody else made."""
