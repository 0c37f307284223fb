"""What a task in each target's own image can and cannot do, asked by a task."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deploymatrix.environments.engine import engine
from tests.fakes.tree import REPOSITORY
from tests.hostile import corpus
from tests.hostile.probing import probed
from tests.runtimes import EXPORTERS, language_of

pytestmark = pytest.mark.docker

INSTALLERS = {"pip", "setuptools", "uv"}


@pytest.fixture(scope="module", params=corpus.FORMATS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a task finds in the target's container."""
    if engine() is None:
        pytest.skip("no Docker engine answers: there is no container to ask in")
    folder = tmp_path_factory.mktemp("probe") / "ground"
    return probed(folder, request.param) | {"target": request.param}


def test_every_question_is_refused(found: dict[str, Any]) -> None:
    assert len(found["questions"]) == 12
    assert {question: said for question, said in found["questions"].items() if not said.startswith("refused")} == {}


def test_what_a_runtime_needs_is_granted(found: dict[str, Any]) -> None:
    assert found["granted"] == {"tmp": "granted", "home": "granted", "cwd": "granted"}


def test_no_network_is_up(found: dict[str, Any]) -> None:
    assert found["interfaces"] == []


def test_the_image_holds_what_the_lock_pins_and_no_exporter(found: dict[str, Any]) -> None:
    folder = REPOSITORY / "targets" / found["target"]
    if language_of(found["target"]) == ".mjs":
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        assert set(found["packages"]) == {where.removeprefix("node_modules/") for where in locked if where}
        return
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)==", (folder / "requirements.lock").read_text(), re.MULTILINE))
    accelerators = {name for name in found["packages"] if re.match(r"(nvidia|cuda)-|triton$", name)}
    assert set(found["packages"]) - accelerators == {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    assert not set(found["packages"]) & (EXPORTERS | INSTALLERS)
