"""The whole corpus, one run for each format and each group of behaviours; `nox -s hostile` runs it.

In containers nothing may come of it. In processes nothing is promised beyond the host's own reading: there the outcome
goes into a table, which `python -m tests.hostile.table` prints.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile import corpus, projects
from tests.hostile.conftest import Trial
from tests.hostile.declared import Hostile
from tests.hostile.judging import Judged

pytestmark = [pytest.mark.hostile, pytest.mark.docker]

Triable = Callable[[dict[str, Hostile]], dict[str, Hostile]]


def expect_nothing(judged: Judged, isolation: str) -> None:
    counts = (judged.canaries, judged.changed, judged.aborted, judged.hangs)
    assert isolation == "process" or (counts, judged.faults) == ((0, 0, 0, 0), {})


@pytest.mark.parametrize("format_", corpus.FORMATS)
def test_artifacts(format_: str, folder: Path, isolation: str, trial: Trial, triable: Triable) -> None:
    things = triable(corpus.artifacts(format_))
    ground = projects.of_artifacts(folder, format_, things)

    judged = trial(format_, ground, things)

    expect_nothing(judged, isolation)


@pytest.mark.parametrize("group", corpus.GROUPS)
def test_python_behaviours(group: str, folder: Path, isolation: str, trial: Trial, triable: Triable) -> None:
    things = triable(corpus.behaviours(group))
    ground = projects.of_behaviours(folder, "onnx", things)

    judged = trial(group, ground, things)

    expect_nothing(judged, isolation)


def test_node_behaviours(folder: Path, isolation: str, trial: Trial, triable: Triable) -> None:
    things = triable(corpus.behaviours("node"))
    ground = projects.of_behaviours(folder, "tfjs", things)

    judged = trial("node", ground, things)

    expect_nothing(judged, isolation)
