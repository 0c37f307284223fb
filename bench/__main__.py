"""`python -m bench`: measure, write build/bench.json and build/bench.md, and with --check hold them to the goals."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import again, cold, overhead, scale, startup
from bench.figures import Figure
from bench.goals import read_goals, shortfalls
from bench.report import machine, write_report
from bench.setting import REPOSITORY, Setting
from deploymatrix.project.project import Project
from deploymatrix.project.selecting import selected
from deploymatrix.project.trees import read_settings

# In this order: what is disturbed least by what ran before comes first.
SECTIONS: dict[str, Callable[[Setting], list[Figure]]] = {
    "startup": startup.section,
    "worker": overhead.section,
    "scale": lambda setting: scale.section(setting.scratch / "scale", setting.repeats),
    "noop": again.noop,
    "touch": again.touch,
    "cold": cold.section,
}


def main(arguments: list[str] | None = None) -> int:
    """0; with --check 1 when a goal of a section that ran is missed."""
    given = _parsed(arguments)
    sections = [name for name in SECTIONS if not given.only or name in given.only]
    build = (given.build_dir or given.root / "build").resolve()
    root = given.root.resolve()
    settings = read_settings(root)
    project = Project(root=root, build=build, default=settings.default, default_targets=settings.default_targets)
    setting = Setting(
        root=root,
        envs=build / "envs",
        scratch=build / "bench",
        selection=selected(project, given.target, given.model),
        isolation=given.isolation,
        repeats=given.repeats,
    )
    about = {**machine(), "isolation": given.isolation, "repeats": given.repeats, "sections": ", ".join(sections)}
    about["cells"] = " ".join(setting.selection.describe()) or "all"
    figures: list[Figure] = []
    goals = read_goals()
    for name in sections:
        print(f"bench: {name}", flush=True)
        figures += SECTIONS[name](setting)
        write_report(figures, goals, about, build)  # after each section: the whole takes an hour
    print((build / "bench.md").read_text(encoding="utf-8"))
    missed = shortfalls(goals, {figure.name: figure for figure in figures}, sections) if given.check else []
    for line in missed:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if missed else 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--root", type=Path, default=REPOSITORY, metavar="DIR", help="the project")
    parser.add_argument("--build-dir", type=Path, metavar="DIR", help="where its environments are [ROOT/build]")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="medians are of this many [3]")
    parser.add_argument("--only", type=_section_names, default=[], metavar="SECTIONS", help=",".join(SECTIONS))
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument("-m", "--model", action="append", default=[], help="only this model; repeatable")
    parser.add_argument("-t", "--target", action="append", default=[], help="only this target; repeatable")
    parser.add_argument("--isolation", choices=("auto", "docker", "process"), default="auto")
    given = parser.parse_args(arguments)
    if given.repeats < 1:
        parser.error("--repeats: at least 1")
    return given


def _section_names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section {name!r}; there are {', '.join(SECTIONS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
