"""What a contained exporter sees of the host, and which of the files that it names are believed to have been read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from deploymatrix.host.exporter_in_container import PYTHON, _environment, seen, visible
from deploymatrix.host.site import Site
from tests.fakes.tree import Tree


def site_of(tree: Tree, *model_folders: Path) -> Site:
    project = replace(tree.project(*model_folders), exporters="docker")
    return Site(project=project, client=None, run_id="test", jobs=1, say=print)


def test_models_and_pipelines_are_seen_where_they_are_and_nothing_else_of_the_project(tree: Tree, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere" / "mine"
    tree.add_model("mine", folder=elsewhere.parent)

    worker, *mounts = visible(site_of(tree, elsewhere))

    assert worker.inside == "/deploymatrix/worker"
    assert {mount.host for mount in mounts} == {tree.root / "models", tree.root / "pipelines", elsewhere}
    assert all(mount.inside == str(mount.host) for mount in mounts)


def test_of_the_files_that_a_task_names_only_those_that_it_could_see_count(tree: Tree):
    inside = str(tree.root / "models" / "linear" / "model.py")
    escaping = str(tree.root / "models" / ".." / "secret")

    assert seen(visible(site_of(tree)), [inside, "/etc/passwd", escaping, "relative", "/deploymatrix/worker/x.py"]) == [
        inside
    ]


def test_the_packages_are_in_an_environment_of_the_containers_own_interpreter(tmp_path: Path):
    home, twin = tmp_path / "torch-123", tmp_path / "twin"
    (home / "lib").mkdir(parents=True)

    outer, packages = _environment(home, twin)
    _environment(home, twin)

    assert (outer.host, outer.inside) == (twin, str(home))
    assert (packages.host, packages.inside) == (home / "lib", f"{home}/lib")
    assert os.readlink(twin / "bin" / "python") == PYTHON
    assert (twin / "pyvenv.cfg").read_text() == "home = /usr/local/bin\n"
