"""pip's own settings, as uv's variables: uv does not read pip's configuration, our users have written it.

What counts is what `pip config list` says, because pip alone knows all its files and their order. Where no pip
answers, its files are read here. Settings that the user made for uv itself win over pip's.
"""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploymatrix.environments.uv_command import NO_INDEX

ENVIRONMENT = ":env:"
SECTIONS = ("global", "install", ENVIRONMENT)
PIP_TIMEOUT_S = 30

Settings = dict[str, str]


def pip_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return uv's variables for what pip is set to, without those that `environ` sets already.

    To be laid over a copy of `environ` for a run of uv.
    """
    listing = _listing(environ)
    sections = parse_listing(listing) if listing is not None else read_files(_files(environ), environ)
    return translate(effective(sections), environ)


def registry_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment for a run of uv that shall see the main index and no other source.

    A lock made so holds the hashes of every build of a package, not only of those that one machine has at hand.
    With no-index set, there is no main index and all sources stay.
    """
    merged = {**environ, **pip_variables(environ)}
    if merged.get(NO_INDEX):
        return merged
    local = {"UV_FIND_LINKS", "UV_INDEX", "UV_EXTRA_INDEX_URL"}
    return {key: value for key, value in merged.items() if key not in local}


def translate(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return pip's `settings` (index-url, find-links, …) as variables of uv, where `environ` does not say otherwise."""
    found: dict[str, str] = {}

    def offer(names: tuple[str, ...], value: str | None) -> None:
        """Set the first of the names, unless the user set any of them."""
        if value and not any(environ.get(name) for name in names):
            found[names[0]] = value

    offer(("UV_DEFAULT_INDEX", "UV_INDEX_URL"), settings.get("index-url"))
    offer(("UV_INDEX", "UV_EXTRA_INDEX_URL"), " ".join(settings.get("extra-index-url", "").split()))
    offer(("UV_FIND_LINKS",), ",".join(_expanded(settings.get("find-links", "").split())))
    offer((NO_INDEX,), "1" if _is_true(settings.get("no-index", "")) else None)
    offer(("UV_INSECURE_HOST",), " ".join(settings.get("trusted-host", "").split()))
    offer(("SSL_CERT_FILE",), settings.get("cert"))
    offer(("SSL_CLIENT_CERT",), settings.get("client-cert"))
    offer(("HTTPS_PROXY", "https_proxy"), settings.get("proxy"))
    offer(("HTTP_PROXY", "http_proxy"), settings.get("proxy"))
    offer(("UV_HTTP_TIMEOUT",), settings.get("timeout") or settings.get("default-timeout"))
    # pip takes the best version of all its indexes together; uv's default is the first index that has the name.
    offer(("UV_INDEX_STRATEGY",), "unsafe-best-match")
    return found


def effective(sections: Mapping[str, Settings]) -> Settings:
    """Return what `pip install` would use: [install] over [global], PIP_* variables over both."""
    merged: Settings = {}
    for name in SECTIONS:
        merged |= sections.get(name, {})
    return merged


def parse_listing(text: str) -> dict[str, Settings]:
    """Read the output of `pip config list`: lines such as global.index-url='https://…', values as Python literals."""
    sections: dict[str, Settings] = {}
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        section, dot, name = key.rpartition(".")
        if not (separator and dot):
            continue
        sections.setdefault(section, {})[name.strip()] = str(ast.literal_eval(value.strip()))
    return sections


def read_files(files: Iterable[Path], environ: Mapping[str, str]) -> dict[str, Settings]:
    """Read the same from pip's files, later ones over earlier ones, and from the PIP_* variables."""
    parser = configparser.RawConfigParser()
    parser.read(files, encoding="utf-8")
    sections: dict[str, Settings] = {
        name: {key.replace("_", "-"): value for key, value in parser.items(name)} for name in parser.sections()
    }
    sections[ENVIRONMENT] = {
        key.removeprefix("PIP_").lower().replace("_", "-"): value
        for key, value in environ.items()
        if key.startswith("PIP_") and value
    }
    return sections


def _listing(environ: Mapping[str, str]) -> str | None:
    """Return what the first pip that answers says of its configuration; None when there is none."""
    for python in _pythons():
        command = [python, "-m", "pip", "--disable-pip-version-check", "config", "list"]
        try:
            done = subprocess.run(
                command, env=dict(environ), capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return done.stdout
    return None


def _pythons() -> list[str]:
    """List the interpreters that may have pip: ours, the one that ours was made from, the machine's."""
    base = getattr(sys, "_base_executable", None)
    candidates = (sys.executable, base, shutil.which("python3"), shutil.which("python"))
    return list(dict.fromkeys(python for python in candidates if python))


def _files(environ: Mapping[str, str]) -> list[Path]:
    """List pip's configuration files, weakest first: https://pip.pypa.io/en/stable/topics/configuration/."""
    own = environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return []
    home = Path(environ.get("HOME", "~")).expanduser()
    shared = [Path(folder) / "pip" for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if folder]
    if sys.platform == "darwin":
        shared = [Path("/Library/Application Support/pip")]
    folders = [*shared, Path("/etc"), home / ".pip"]
    folders.append(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip")
    if sys.platform == "darwin":
        folders.append(home / "Library" / "Application Support" / "pip")
    folders.append(Path(sys.prefix))
    return [folder / "pip.conf" for folder in folders] + ([Path(own)] if own else [])


def _expanded(places: Iterable[str]) -> list[str]:
    return [str(Path(place).expanduser()) if place.startswith("~") else place for place in places]


def _is_true(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on", "y", "t"}
