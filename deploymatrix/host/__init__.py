"""Warm workers, in processes or in containers."""
