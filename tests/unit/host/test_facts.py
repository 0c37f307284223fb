"""What a target's runtime is known by, in each isolation."""

from __future__ import annotations

import pytest

from deploymatrix.host.facts import HostFacts
from deploymatrix.project.strict import Isolation
from tests.fakes.tree import Tree


def runtime(tree: Tree, isolation: Isolation, target: str = "npz") -> str:
    project = tree.project()
    return HostFacts(project, isolation).runtime_digest(project.targets[target])


@pytest.mark.parametrize(
    ("file", "text", "counts_in"),
    [
        ("targets/npz/requirements.lock", "# more\n", {"process", "docker"}),
        ("docker/python/Dockerfile", "# more\n", {"docker"}),
        ("docker/python/runner.toml", "[tmp]\nexec = true\n", {"docker"}),
        ("docker/python/runner.toml", "# more\n", set()),
        ("docker/node/requirements.lock", "# more\n", set()),
    ],
)
def test_a_runtime_depends_on_what_it_is_made_of(tree: Tree, file: str, text: str, counts_in: set[Isolation]):
    isolations: tuple[Isolation, ...] = ("process", "docker")
    before = {isolation: runtime(tree, isolation) for isolation in isolations}

    tree.append(file, text)

    assert {isolation for isolation in isolations if runtime(tree, isolation) != before[isolation]} == counts_in


def test_the_interpreter_that_a_runner_pins_counts_outside_of_images(tree: Tree):
    limits = "[limits]\nfp32 = { multiple = 12, floor = 2e-6, ceiling = 5e-4 }\n"
    toml = f'format = "npz"\nrunner = "node"\nvariants = ["fp32"]\n\n{limits}'
    tree.write("targets/js/target.toml", toml)
    for name in ("run.mjs", "package-lock.json"):
        tree.write(f"targets/js/{name}", "{}")
    before = runtime(tree, "process", "js")

    tree.append("docker/node/requirements.lock", "# more\n")

    assert runtime(tree, "process", "js") != before


def test_a_targets_files_are_read_once(tree: Tree):
    project = tree.project()
    facts = HostFacts(project, "process")
    before = facts.runtime_digest(project.targets["npz"])

    tree.append("targets/npz/requirements.lock", "# more\n")

    assert facts.runtime_digest(project.targets["npz"]) == before


def test_only_a_container_has_an_image(tree: Tree):
    project = tree.project()
    images = [HostFacts(project, isolation).image_digest(project.targets["npz"]) for isolation in ("process", "docker")]

    assert images[0] is None
    assert images[1] is not None and len(images[1]) == 64
