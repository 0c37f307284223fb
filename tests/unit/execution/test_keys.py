"""A key is the digest of exactly what a result depends on: each change makes anew what it should, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.execution.keys import Keys
from deploymatrix.host.facts import HostFacts
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.routes import find_route
from deploymatrix.project.strict import Isolation
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store
from tests.fakes.tree import Tree

SIGNATURE = {"inputs": {}, "outputs": {"left": {"name": "left", "dtype": "float32", "shape": [1, 3]}}}
EXPORTS = {"export npz", "export wrapped"}
RUNS = {"run npz", "run plain", "run wrapped"}
CELLS = {"cell npz", "cell plain", "cell wrapped"}
EVERYTHING = {"samples", "reference", *EXPORTS, *RUNS, *CELLS}


def sources(folder: Path) -> dict[str, Entry]:
    """A reference, an artifact and a run that stay the same: what is behind them changes only by their content."""
    store = Store(folder)
    return {
        kind: store.put(kind, "0" * 64, None, about={"kind": kind, "signature": SIGNATURE})  # type: ignore[arg-type]
        for kind in ("references", "artifacts", "runs")
    }


def keys_of(tree: Tree, *, model: str = "linear", isolation: Isolation = "process") -> dict[str, str]:
    """The key of each kind of task of a model, by its name."""
    project = tree.project()
    found, stored = project.models[model], sources(tree.root.parent / "store")
    keys, facts = Keys(project), HostFacts(project, isolation)
    made = {"samples": keys.samples(found), "reference": keys.reference(found)}
    for format_, source in (("npz", stored["references"]), ("wrapped", stored["artifacts"])):
        route = find_route(project, found, format_, "fp32")
        assert route is not None
        made[f"export {format_}"] = keys.artifact(found, "fp32", route.steps[-1], source)
    for name, target in project.targets.items():
        made[f"run {name}"] = keys.run(found, target, stored["artifacts"], facts)
        limits = limits_of(found, target, "fp32")
        made[f"cell {name}"] = keys.cell(stored["runs"], stored["references"], stored["artifacts"], limits)
    return {name: key.digest for name, key in made.items()}


def inputs_of(tree: Tree) -> dict[str, str]:
    """By cell, the digest of the files that its result depends on."""
    project = tree.project()
    return Keys(project).current_inputs(plan_cells(project, Selection()))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def touch_run(tree: Tree) -> None:
    tree.append("targets/npz/run.py", "\nEXTRA = 1\n")


def touch_program_beside_run(tree: Tree) -> None:
    tree.write("targets/npz/server.py", "EXTRA = 1\n")


def touch_tolerance(tree: Tree) -> None:
    tree.change("targets/npz/target.toml", "multiple = 12", "multiple = 13")


def touch_step(tree: Tree) -> None:
    tree.append("pipelines/npz/from_numpy.py", "\nEXTRA = 1\n")


def touch_module_beside_steps(tree: Tree) -> None:
    tree.write("pipelines/npz/rewrites.py", "EXTRA = 1\n")


def touch_options(tree: Tree) -> None:
    tree.append("pipelines/wrapped/pipeline.toml", "options = { spoil = 1.0 }\n")


def touch_models_options(tree: Tree) -> None:
    tree.append("models/linear/model.toml", "\n[routes.npz]\noptions = { spoil = 1.0 }\n")


def touch_exporters_lock(tree: Tree) -> None:
    tree.append("pipelines/environments/numpy.lock", "# another\n")


def touch_exporters_variables(tree: Tree) -> None:
    tree.write("pipelines/environments/numpy.toml", '[variables]\nOMP_NUM_THREADS = "1"\n')


def touch_runtime_lock(tree: Tree) -> None:
    tree.append("targets/plain/requirements.lock", "# another\n")


def touch_memory_of_runner(tree: Tree) -> None:
    tree.change("targets/plain/target.toml", "256", "512")


def touch_model_code(tree: Tree) -> None:
    tree.change("models/linear/model.py", "default_rng(7)", "default_rng(8)")


def touch_model_data(tree: Tree) -> None:
    tree.write("models/linear/vocabulary.txt", "a b c")


def touch_seed(tree: Tree) -> None:
    tree.change("models/linear/model.toml", "seed = 1", "seed = 2")


def touch_number_of_samples(tree: Tree) -> None:
    tree.change("models/linear/model.toml", "seed = 1", "seed = 1\nsamples = 5")


def touch_values(tree: Tree) -> None:
    tree.change("models/linear/model.toml", "shape = [1, 4]", 'shape = [1, 4]\nvalues = "uniform"\nlow = 0\nhigh = 1')


def touch_framework(tree: Tree) -> None:
    tree.append("pipelines/frameworks/numpy/framework.py", "\nEXTRA = 1\n")


def touch_family(tree: Tree) -> None:
    tree.change("models/linear/model.toml", "seed = 1", 'seed = 1\nfamily = "dense"')


@pytest.mark.parametrize(
    ("touch", "made_anew"),
    [
        (touch_run, {"run npz"}),
        (touch_program_beside_run, {"run npz"}),
        (touch_tolerance, {"cell npz"}),
        (touch_step, {"export npz"}),
        (touch_module_beside_steps, {"export npz"}),
        (touch_options, {"export wrapped"}),
        (touch_models_options, {"export npz"}),
        (touch_exporters_lock, {"reference", *EXPORTS}),
        (touch_exporters_variables, {"reference", *EXPORTS}),
        (touch_runtime_lock, {"run plain"}),
        (touch_memory_of_runner, {"run plain"}),
        (touch_model_code, {"reference", "export npz"}),
        (touch_model_data, {"reference", "export npz"}),
        (touch_framework, {"reference", "export npz"}),
        (touch_family, {"reference", *EXPORTS}),
        (touch_seed, EVERYTHING - CELLS),
        (touch_number_of_samples, EVERYTHING - CELLS),
        (touch_values, EVERYTHING - CELLS),
    ],
)
def test_a_change_makes_anew_what_depends_on_it(tree: Tree, touch: Callable[[Tree], None], made_anew: set[str]) -> None:
    before = keys_of(tree)

    touch(tree)

    assert changed(before, keys_of(tree)) == made_anew


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("targets/npz/run.py", "\n# a comment\n"),
        ("pipelines/npz/from_numpy.py", "\n\n\n"),
        ("models/linear/model.py", "\n# a comment\n"),
        ("models/linear/model.toml", "\n# a comment\n"),
        ("targets/npz/target.toml", "\n# a comment\n"),
    ],
)
def test_a_comment_changes_nothing(tree: Tree, file: str, text: str) -> None:
    before = keys_of(tree)

    tree.append(file, text)

    assert changed(before, keys_of(tree)) == set()


def test_expectations_and_tags_change_nothing(tree: Tree) -> None:
    before = keys_of(tree)

    tree.change("models/linear/model.toml", "seed = 1", 'seed = 1\ntags = ["core"]')
    tree.change("targets/npz/target.toml", '["fake"]', '["fake", "mobile"]')
    tree.append(
        "targets/npz/target.toml",
        '\n[[expectations]]\ncell = "*"\noutcome = "mismatch"\nreason = "it is not finished"\nlink = "docs/x"\n',
    )

    assert changed(before, keys_of(tree)) == set()


def test_isolation_changes_runs_only(tree: Tree) -> None:
    assert changed(keys_of(tree), keys_of(tree, isolation="docker")) == RUNS


def test_where_the_project_lies_does_not_count(tree: Tree, tmp_path: Path) -> None:
    before = keys_of(tree)
    moved = type(tree)(tree.root.rename(tmp_path / "elsewhere"))

    assert changed(before, keys_of(moved)) == set()


def test_models_share_samples_but_not_results(tree: Tree) -> None:
    tree.add_model("twin")

    assert changed(keys_of(tree), keys_of(tree, model="twin")) == {"reference", *EXPORTS}


def test_what_is_behind_a_source_depends_on_its_content(tree: Tree, tmp_path: Path) -> None:
    project = tree.project()
    model, target = project.models["linear"], project.targets["npz"]
    store = Store(tmp_path / "store")

    def key_of_run(key: str, sha: str, seconds: float) -> str:
        about = {"sha": sha, "signature": SIGNATURE}
        artifact = store.put("artifacts", key, None, about=about, measured={"wall_s": seconds})
        return Keys(project).run(model, target, artifact, HostFacts(project, "process")).digest

    first = key_of_run("1" * 64, "same", 1.0)
    assert key_of_run("2" * 64, "same", 2.0) == first
    assert key_of_run("3" * 64, "other", 1.0) != first


@pytest.fixture
def with_node(tree: Tree) -> Tree:
    """The tiny project with a target whose runner pins its interpreter."""
    limits = "[limits]\nfp32 = { multiple = 12, floor = 2e-6, ceiling = 5e-4 }\n"
    toml = f'format = "npz"\nrunner = "node"\nvariants = ["fp32"]\n\n{limits}'
    tree.write("targets/js/target.toml", toml)
    tree.write("targets/js/run.mjs", "export function load() {}\n")
    tree.write("targets/js/package-lock.json", "{}")
    return tree


def test_nodes_own_version_counts_for_runs_on_node(with_node: Tree) -> None:
    before = keys_of(with_node)

    with_node.append("docker/node/requirements.lock", "# another\n")

    assert changed(before, keys_of(with_node)) == {"run js"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("docker/node/requirements.lock", "# another\n"),
        ("docker/node/Dockerfile", "ENV MORE=1\n"),
        ("docker/node/runner.toml", "\n[tmp]\nsize_mb = 65\n"),
        ("targets/js/package-lock.json", " "),
    ],
)
def test_results_of_another_interpreter_or_image_are_stale(with_node: Tree, file: str, text: str) -> None:
    before = inputs_of(with_node)

    with_node.append(file, text)

    assert changed(before, inputs_of(with_node)) == {"linear/js/fp32"}


def test_a_comment_in_a_runners_toml_makes_nothing_stale(with_node: Tree) -> None:
    before = inputs_of(with_node)

    with_node.append("docker/node/runner.toml", "# nothing new\n")

    assert changed(before, inputs_of(with_node)) == set()


def test_a_key_tells_what_changed(tree: Tree) -> None:
    before = Keys(tree.project()).samples(tree.project().models["linear"])
    touch_number_of_samples(tree)
    after = Keys(tree.project()).samples(tree.project().models["linear"])

    assert after.changes_since(before.parts) == ["samples"]


def test_another_value_of_a_passed_variable_makes_references_and_artifacts_anew(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate's machine, which need not have the values, holds no result for stale."""
    found = []
    for names, value in (((), "a"), ((), "b"), (("SECRET",), "a"), (("SECRET",), "b")):
        monkeypatch.setenv("SECRET", value)
        project = replace(tree.project(), pass_environment=names)
        keys = Keys(project)
        found.append(
            (keys.reference(project.models["linear"]).digest, keys.current_inputs(plan_cells(project, Selection())))
        )
    (plain, inputs), (unnamed, _), (first, named_inputs), (second, same_inputs) = found

    assert plain == unnamed
    assert len({plain, first, second}) == 3
    assert inputs != named_inputs
    assert named_inputs == same_inputs
