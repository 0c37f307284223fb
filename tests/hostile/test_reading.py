"""Malformed replies and arrays cost one cell each, in processes too: there the host's reader stands alone."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.tree import FAKES
from tests.hostile import corpus, projects
from tests.hostile.judging import judge, run

LIMIT_S = 120
# Of each kind one that the reader met before, and those that take no time: the others run by `nox -s hostile`.
QUICK = (
    *(f"replying.{name}" for name in ("is_no_json", "is_deep", "value_lacks_keys", "times_are_not_finite", "is_null")),
    "replying.names_are_no_text",
    *(f"arrays.{name}" for name in ("is_a_pickle", "is_short", "shape_is_giant", "header_is_promised", "is_empty")),
    *(f"speaking.{name}" for name in ("raises_surrogate", "raises_escapes")),
    *(f"leaving.{name}" for name in ("log_is_a_link", "out_is_a_pipe", "output_is_a_pipe")),
)


def test_each_costs_its_own_cell_and_no_other(tmp_path: Path, environments: Path) -> None:
    things = {name: thing for group in corpus.GROUPS for name, thing in corpus.behaviours(group).items()}
    quick = {name: things[name] for name in QUICK}
    kit = projects.Kit(FAKES, "numpy", environments)
    ground = projects.of_behaviours(tmp_path / "ground", "plain", quick, kit=kit)

    judged = judge(ground, run(ground, "process", LIMIT_S), quick, "quick")

    assert judged.faults == {}
    assert (judged.canaries, judged.changed, judged.aborted, judged.hangs) == (0, 0, 0, 0)
