"""Variants are data: what they are, which step makes which from which, and which cells are taken."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import Selection, plan_cells, plan_tasks
from deploymatrix.project.routes import find_route
from deploymatrix.project.selecting import selected
from tests.fakes.tree import Tree

NOISE = """
weights = "int8"
activations = "int8"
judgement = "noise"
snr_db = 20
fidelity = { share = 1.0, flips = 0.25, times = 3, least = 1e-3, far = 0.01 }
"""
STEP = """
[[steps]]
from = "npz"
from_variant = "fp32"
variants = ["int8"]
environment = "numpy"
"""
WHOLE = 'weights = "float32"\nactivations = "float32"\njudgement = "rounding"\n'
NPZ, TARGET = "pipelines/npz/pipeline.toml", "targets/npz/target.toml"


@pytest.fixture
def quantised(tree: Tree) -> Tree:
    """The tiny project with a variant that is made from the float32 artifact of the same format."""
    tree.write("pipelines/variants/int8.toml", NOISE)
    tree.append(NPZ, STEP)
    tree.write("pipelines/npz/from_npz.py", "")
    tree.change(TARGET, '["fp32"]', '["fp32", "int8"]')
    return tree


def names(tree: Tree, **given: Any) -> list[str]:
    project = tree.project()
    return [cell.name for cell in plan_cells(project, selected(project, targets=["npz"], **given))]


def test_a_step_makes_a_variant_from_another_of_its_own_format(quantised: Tree) -> None:
    project = quantised.project()

    route = find_route(project, project.models["linear"], "npz", "int8")

    assert route is not None and str(route) == "numpy → npz → npz"
    assert [(step.name, step.variant) for step in route.steps] == [("npz/from_numpy", "fp32"), ("npz/from_npz", "int8")]


def test_both_variants_share_the_artifact_in_float32(quantised: Tree) -> None:
    cells = plan_cells(quantised.project(), Selection(targets=("npz",)))

    exports = [id_ for id_, task in plan_tasks(cells).items() if task.kind == "export"]

    assert exports == ["export linear numpy>npz fp32", "export linear numpy>npz>npz int8"]


def test_a_variant_stands_beside_the_one_in_full_precision(quantised: Tree) -> None:
    quantised.write("pipelines/variants/also_whole.toml", WHOLE)
    cells = plan_cells(quantised.project(), Selection(targets=("npz",)))

    assert {cell.variant: cell.beside for cell in cells} == {"fp32": "", "int8": "fp32"}


def test_the_default_variants_are_taken_unless_others_are_named(quantised: Tree) -> None:
    assert names(quantised) == ["linear/npz/fp32"]
    assert names(quantised, variants=["int8"]) == ["linear/npz/int8"]
    assert names(quantised, variants=["all"]) == ["linear/npz/fp32", "linear/npz/int8"]
    assert names(quantised, models=["linear"]) == ["linear/npz/fp32"]


def test_an_unknown_variant_is_told(quantised: Tree) -> None:
    with pytest.raises(ConfigurationError, match="unknown variant 'int9'; did you mean 'int8'"):
        names(quantised, variants=["int9"])


def test_a_selection_of_variants_is_a_whole(quantised: Tree) -> None:
    project = quantised.project()

    chosen = selected(project, targets=["npz"], variants=["int8"])

    assert (chosen.whole.variants, chosen.describe()) == (("int8",), ("-t npz", "-v int8"))
    assert selected(project).whole.default_variants == ("fp32",)


def test_a_second_reference_is_a_task_of_its_own_that_the_comparison_needs(quantised: Tree) -> None:
    quantised.append(NPZ, '\n[evaluation]\nenvironment = "numpy"\nvariants = ["int8"]\n')
    quantised.write("pipelines/npz/evaluate.py", "")

    tasks = plan_tasks(plan_cells(quantised.project(), Selection(targets=("npz",))))

    assert [id_ for id_, task in tasks.items() if task.kind == "evaluate"] == ["evaluate linear numpy>npz>npz int8"]
    compare = tasks["compare linear numpy>npz>npz int8 on npz"]
    assert compare.evaluation == "evaluate linear numpy>npz>npz int8" in compare.needs
    assert tasks["compare linear numpy>npz fp32 on npz"].evaluation == ""


def test_noise_is_judged_by_the_variants_bound_or_the_models_own(quantised: Tree) -> None:
    quantised.add_model("noisy", '[limits.int8]\nsnr_db = 6\nreason = "measured, and accepted by its users"')
    project = quantised.project()

    usual, own = (limits_of(project.models[m], project.targets["npz"], "int8") for m in ("linear", "noisy"))

    assert (usual["norm"], usual["floor"]) == ("rms", pytest.approx(0.1))
    assert own["floor"] == pytest.approx(10 ** (-6 / 20))
    assert usual["reduced"] and own["reduced"]


def test_integers_are_bound_by_the_variant_or_by_the_models_own(quantised: Tree) -> None:
    quantised.add_model("fickle", '[limits.int8]\nflipped = 0.3\nreason = "measured, and accepted by its users"')
    quantised.append("pipelines/variants/int8.toml", "flipped = 0.1\n")
    project = quantised.project()

    usual, own = (limits_of(project.models[m], project.targets["npz"], "int8") for m in ("linear", "fickle"))

    assert (usual["flipped"], own["flipped"]) == (0.1, 0.3)
    assert usual["floor"] == own["floor"]


def test_integers_of_full_precision_are_equal(quantised: Tree) -> None:
    quantised.add_model("fickle", '[limits.fp32]\nflipped = 0.3\nreason = "measured, and accepted by its users"')
    project = quantised.project()

    with pytest.raises(ConfigurationError, match=r"limits\.fp32\.flipped: this variant is judged by rounding"):
        limits_of(project.models["fickle"], project.targets["npz"], "fp32")


def test_a_variant_that_keeps_its_weights_may_be_as_good_as_float32(quantised: Tree) -> None:
    quantised.change("pipelines/variants/int8.toml", 'weights = "int8"', 'weights = "float32"')
    project = quantised.project()

    assert not limits_of(project.models["linear"], project.targets["npz"], "int8")["reduced"]


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        (TARGET, '"int8"', '"int9"', "target.toml: variants: 'int9' does not exist; did you mean 'int8'?"),
        (NPZ, '["int8"]', '["int9"]', "pipeline.toml: steps.variants: 'int9' does not exist; did you mean 'int8'?"),
        (NPZ, 'from_variant = "fp32"', 'from_variant = "fp64"', "steps.from_variant: 'fp64' does not exist"),
        (NPZ, 'from_variant = "fp32"', 'from_variant = "int8"', "is a variant that the step makes, too; remove one"),
        (
            TARGET,
            "[limits]\n",
            "[limits]\nint8 = { multiple = 2, floor = 1e-3, ceiling = 1e-2 }\n",
            "judged by its noise",
        ),
        ("pipelines/variants/int8.toml", "snr_db = 20\n", "", 'judgement = "noise" needs snr_db'),
        (
            "pipelines/variants/fp32.toml",
            'judgement = "rounding"',
            'judgement = "rounding"\nflipped = 0.1',
            "no flipped",
        ),
        (
            "pipelines/variants/int8.toml",
            '"noise"',
            '"rounding"',
            'judgement = "noise" needs snr_db, and "rounding" has',
        ),
    ],
)
def test_a_mistake_names_file_key_and_remedy(quantised: Tree, path: str, old: str, new: str, why: str) -> None:
    quantised.change(path, old, new)

    with pytest.raises(ConfigurationError) as caught:
        plan_cells(quantised.project(), Selection())

    assert why in str(caught.value)


def test_a_variant_judged_by_rounding_needs_a_limit(tree: Tree) -> None:
    tree.write("pipelines/variants/fp16.toml", 'weights = "float16"\nactivations = "float16"\njudgement = "rounding"\n')
    tree.change(TARGET, '["fp32"]', '["fp32", "fp16"]')

    with pytest.raises(ConfigurationError, match="limits has no limit for the variant fp16; add it"):
        plan_cells(tree.project(), Selection())
