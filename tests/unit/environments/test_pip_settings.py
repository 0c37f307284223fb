"""What the user set for pip reaches uv, and what the user set for uv wins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploymatrix.environments.pip_settings import (
    effective,
    parse_listing,
    pip_variables,
    read_files,
    registry_variables,
    translate,
)

LISTING = """\
:env:.find-links='/wheels /more'
:env:.default-timeout='180'
global.cert='/ca.pem'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.find-links='/never'
global.timeout='5'
install.no-index='false'
list.format='columns'
"""


def test_a_listing_is_translated_with_variables_over_files():
    found = translate(effective(parse_listing(LISTING)), environ={})

    assert found == {
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_HTTP_TIMEOUT": "5",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_install_section_wins_over_global():
    sections = {"global": {"index-url": "https://a.example"}, "install": {"index-url": "https://b.example"}}

    assert effective(sections)["index-url"] == "https://b.example"


@pytest.mark.parametrize(
    ("setting", "value", "variable", "expected"),
    [
        ("index-url", "https://a.example/simple", "UV_DEFAULT_INDEX", "https://a.example/simple"),
        ("no-index", "1", "UV_NO_INDEX", "1"),
        ("no-index", "yes", "UV_NO_INDEX", "1"),
        ("trusted-host", "a.example b.example:8080", "UV_INSECURE_HOST", "a.example b.example:8080"),
        ("proxy", "http://p.example:3128", "HTTPS_PROXY", "http://p.example:3128"),
        ("proxy", "http://p.example:3128", "HTTP_PROXY", "http://p.example:3128"),
        ("client-cert", "/me.pem", "SSL_CLIENT_CERT", "/me.pem"),
        ("default-timeout", "60", "UV_HTTP_TIMEOUT", "60"),
    ],
)
def test_each_setting_has_its_variable(setting: str, value: str, variable: str, expected: str):
    assert translate({setting: value}, environ={})[variable] == expected


def test_a_setting_that_is_switched_off_is_not_set():
    assert "UV_NO_INDEX" not in translate({"no-index": "0"}, environ={})


def test_what_the_user_set_for_uv_wins():
    settings = {"index-url": "https://pip.example", "extra-index-url": "https://extra.example", "cert": "/pip.pem"}
    environ = {
        "UV_INDEX_URL": "https://uv.example",
        "UV_EXTRA_INDEX_URL": "https://uv-extra.example",
        "SSL_CERT_FILE": "/uv.pem",
        "UV_INDEX_STRATEGY": "first-index",
    }

    assert translate(settings, environ) == {}


def test_files_are_read_where_no_pip_answers(tmp_path: Path):
    weak, strong = tmp_path / "weak.conf", tmp_path / "strong.conf"
    weak.write_text("[global]\nindex-url = https://weak.example\nfind_links = /weak\n")
    strong.write_text("[global]\nindex-url = https://strong.example\n")

    sections = read_files([weak, strong, tmp_path / "absent.conf"], {"PIP_FIND_LINKS": "/env", "PIP_CERT": ""})

    assert effective(sections) == {"index-url": "https://strong.example", "find-links": "/env"}


def test_pip_itself_is_asked(tmp_path: Path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://file.example/simple\nfind-links = /from-file\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)}
    environ["PIP_FIND_LINKS"] = "/from-variable"

    found = pip_variables(environ)

    assert found["UV_DEFAULT_INDEX"] == "https://file.example/simple"
    assert found["UV_FIND_LINKS"] == "/from-variable"


def test_locking_sees_the_main_index_only(tmp_path: Path):
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://main.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://extra.example/simple",
        "UV_FIND_LINKS": "/wheels",
    }

    found = registry_variables(environ)

    assert found["UV_DEFAULT_INDEX"] == "https://main.example/simple"
    assert not {"UV_INDEX", "UV_FIND_LINKS"} & set(found)


def test_locking_without_an_index_keeps_the_other_sources(tmp_path: Path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}

    assert registry_variables(environ)["UV_FIND_LINKS"] == "/wheels"
