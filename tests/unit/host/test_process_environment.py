"""What a worker on this host sees of the user's environment, asked of a real process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.process_environment import NEEDED, own_environment, passed_environment

SHOW = "import json, os, sys; open(sys.argv[1], 'w').write(json.dumps(dict(os.environ)))"
SECRETS = {
    "GITHUB_TOKEN": "ghp_1",
    "AWS_SECRET_ACCESS_KEY": "wJalr",
    "HF_TOKEN": "hf_1",
    "HTTPS_PROXY": "http://user:password@proxy",
    "https_proxy": "http://user:password@proxy",
    "SSH_AUTH_SOCK": "/tmp/agent",
    "DATABASE_URL": "postgres://user:password@host",
}
OTHERS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "NODE_PATH", "NODE_OPTIONS", "LD_PRELOAD")
SILENCING = (
    "PYTHONWARNINGS",
    "TF_CPP_MIN_LOG_LEVEL",
    "AUTOGRAPH_VERBOSITY",
    "PYTHONDONTWRITEBYTECODE",
    "OMP_NUM_THREADS",
)


def seen(tmp_path: Path, variables: dict[str, str]) -> dict[str, str]:
    shown = tmp_path / "shown.json"
    channel = process_channel([sys.executable, "-S", "-c", SHOW, str(shown)], variables, tmp_path / "worker.log")
    channel.cause_of_death()
    found: dict[str, str] = json.loads(shown.read_text())
    return found


def test_no_secret_of_the_user_reaches_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    found = seen(tmp_path, {})

    assert SECRETS.keys() & found.keys() == set()
    assert set(found) - {"LC_CTYPE"} <= set(own_environment())


@pytest.mark.parametrize("name", [*OTHERS, *SILENCING])
def test_settings_of_other_programs_are_left_out(name: str) -> None:
    assert own_environment({name: "1"}) == {}


def test_what_a_worker_needs_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    found = seen(tmp_path, {"KERAS_BACKEND": "torch"})

    assert found["LC_ALL"] == "C.UTF-8"
    assert found["TMPDIR"] == str(tmp_path)
    assert {"PATH", "HOME"} <= found.keys()
    assert found["KERAS_BACKEND"] == "torch"


def test_variables_are_passed_by_name_where_they_are_set() -> None:
    variables = {"HF_TOKEN": "hf_1", "GITHUB_TOKEN": "ghp_1"}

    assert passed_environment(["HF_TOKEN", "HF_HOME"], variables) == {"HF_TOKEN": "hf_1"}


def test_the_page_lists_every_name() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "environment.md"

    text = page.read_text(encoding="utf-8")

    assert [name for name in sorted(NEEDED) if f"`{name}`" not in text] == []
