"""The variables that a worker on this host sees: those in this list, and no others of the user's.

What is missing here is missing on purpose: tokens and credentials; proxies, whose addresses hold passwords and which
no worker needs; settings of other interpreters (PYTHONPATH, NODE_OPTIONS), which would replace what was locked; those
that change results or silence warnings (OMP_*, TF_*, PYTHONWARNINGS); LD_PRELOAD. PYTHONDONTWRITEBYTECODE, too: with it
each import of a framework takes twice as long.
docs/reference/environment.md shows the same list.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

PLACES = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "TZ")
WHO = ("USER", "LOGNAME")  # getpass.getuser() asks for them where a user id has no name, as in many containers
LANGUAGE = ("LANG", "LANGUAGE")  # with LC_*: in which encoding files and names are read
# Interpreters of Nix, conda, and of modules on clusters do not even start without them.
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH")
MACOS = ("__CF_USER_TEXT_ENCODING",)
WINDOWS = (
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    *("USERNAME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"),
)
NEEDED = frozenset((*PLACES, *WHO, *LANGUAGE, *LIBRARIES, *MACOS, *WINDOWS))
PREFIXES = ("LC_", "DEPLOYMATRIX_")  # the latter are our own: DEPLOYMATRIX_WORKER_START


def own_environment(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a worker sees of the user's variables."""
    return {name: value for name, value in variables.items() if name in NEEDED or name.startswith(PREFIXES)}


def passed_environment(names: Iterable[str], variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that deploymatrix.toml passes to exporters, as far as they are set."""
    return {name: variables[name] for name in sorted(names) if name in variables}
