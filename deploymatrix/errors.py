"""Every exception that deploymatrix raises on purpose, with its exit code.

Failures of models, exporters and runtimes are not exceptions here: they are outcomes, recorded in the matrix.
"""

from __future__ import annotations

OK = 0
GATE_FAILED = 1
USAGE = 2
NOTHING_SELECTED = 3
INCOMPLETE = 4
INTERRUPTED = 130


class DeploymatrixError(Exception):
    """Base of all of them. The message says what is wrong, where, and what to change."""

    exit_code = INCOMPLETE


class ConfigurationError(DeploymatrixError):
    """A TOML file, an option or a name that the user gave is wrong."""

    exit_code = USAGE


class NothingSelected(DeploymatrixError):
    """The selection matches no cell."""

    exit_code = NOTHING_SELECTED


class EnvironmentFailed(DeploymatrixError):
    """An environment, an image or a container could not be made."""


class IncompleteRun(DeploymatrixError):
    """Results that were asked for do not exist (yet)."""


class RedRun(DeploymatrixError):
    """Results that were asked for are red."""

    exit_code = GATE_FAILED


class StoreCorrupted(DeploymatrixError):
    """A stored file is not what its manifest says."""
