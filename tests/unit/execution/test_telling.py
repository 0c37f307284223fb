"""What the failure of a task is told as: a limit names its figure and the key that sets it; blame where it is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploymatrix.execution.executor import Execution
from deploymatrix.execution.outcomes import Failed
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.messages import Reply
from deploymatrix.project.plan import Selection, plan_cells, plan_tasks
from tests.fakes.executions import Heard
from tests.fakes.pool import FakePool
from tests.fakes.tree import Tree


def failed(
    tree: Tree, tmp_path: Path, task: tuple[str, str], reply: Reply, *, timeout_s: float | None = None
) -> Failed:
    """What the cell linear/wrapped/fp32 gets when a worker answers a task so."""
    project = tree.project(timeout_s=timeout_s)
    context = StageContext.of(project, HostFacts(project, "process"))
    pool = FakePool(tmp_path / "work", faults={task: reply})
    made = Execution(context, pool, jobs=1, fresh=False, listener=Heard())
    made.run(plan_tasks(plan_cells(project, Selection(targets=("wrapped",)))))
    result = made.results["compare linear numpy>npz>wrapped fp32 on wrapped"]
    assert isinstance(result, Failed)
    return result


def error(type_: str, message: str, *inner: tuple[str, str]) -> dict[str, Any]:
    links = [(type_, message), *inner]
    chain = [{"type": t, "message": m, "link": "cause" if i else ""} for i, (t, m) in enumerate(links)]
    return {"type": type_, "message": message, "traceback": "", "chain": chain}


@pytest.mark.parametrize(
    ("name", "file", "is_lacking"),
    [
        ("timm", "models/linear/model.py", True),
        ("timm.models", "models/linear/model.py", False),  # timm is there
        ("timm", "pipelines/frameworks/numpy/framework.py", False),
    ],
)
def test_a_package_that_a_models_code_lacks_is_told_in_the_words_of_its_folder(
    tree: Tree, tmp_path: Path, name: str, file: str, is_lacking: bool
) -> None:
    problem = error("ModuleNotFoundError", f"No module named '{name}'")
    problem["traceback"] = f'  File "{tree.root}/{file}", line 1'

    told = failed(tree, tmp_path, ("reference", "numpy"), Reply("failed", "reference", error=problem)).detail

    words = "needs `timm`: add it to models/linear/requirements.in and run deploymatrix lock linear"
    assert told.startswith(words) == is_lacking
    assert f"No module named '{name}'" in told


@pytest.mark.parametrize(
    ("task", "seconds", "key"),
    [
        (("reference", "numpy"), 300, "timeouts.export"),
        (("export", "wrapped"), 300, "timeouts.export"),
        (("run", "wrapped"), 120, "timeouts.run"),
    ],
)
def test_a_timeout_names_its_seconds_and_its_key(
    tree: Tree, tmp_path: Path, task: tuple[str, str], seconds: int, key: str
) -> None:
    late = Reply("timed_out", task[0], error=error("timed_out", f"it exceeded its 1 s (stage: {task[0]})"))

    told = failed(tree, tmp_path, task, late).detail

    assert told == f"no answer within {seconds} s, in stage {task[0]} ({key} in models/linear/model.toml)"


def test_a_timeout_of_the_command_line_names_the_option(tree: Tree, tmp_path: Path) -> None:
    late = failed(tree, tmp_path, ("run", "wrapped"), Reply("timed_out", "run"), timeout_s=7.5)

    assert late.detail == "no answer within 7.5 s, in stage run (--timeout)"


def test_a_worker_that_hangs_in_its_imports_names_its_own_seconds(tree: Tree, tmp_path: Path) -> None:
    message = "the worker ended during run: not ready after 120 s"
    late = failed(tree, tmp_path, ("run", "wrapped"), Reply("timed_out", "import", error=error("timed_out", message)))

    assert late.detail == f"no answer in stage load: {message}"


@pytest.mark.parametrize(
    ("task", "key"),
    [
        (("export", "wrapped"), "the limit is 8192 MiB (memory_mb in models/linear/model.toml)"),
        (("run", "wrapped"), "the limit is 256 MiB (resources.memory_mb in targets/wrapped/target.toml)"),
    ],
)
def test_too_much_memory_names_its_mib_and_its_key(tree: Tree, tmp_path: Path, task: tuple[str, str], key: str) -> None:
    told = failed(tree, tmp_path, task, Reply("out_of_memory", task[0])).detail

    assert told == f"over the memory limit, in stage {task[0]}; {key}"


def test_the_detail_is_the_cause_and_not_its_consequence(tree: Tree, tmp_path: Path) -> None:
    banner = "Failed to convert. This is step 3/3 of exporting the model to ONNX. Next steps:\n- Create an error report"
    reply = Reply("failed", "export", error=error("ConversionError", banner, ("DispatchError", "no function for foo")))

    assert failed(tree, tmp_path, ("export", "wrapped"), reply).detail == "DispatchError: no function for foo"


def test_an_artifact_with_other_inputs_than_its_signature_is_its_steps_fault(tree: Tree, tmp_path: Path) -> None:
    reply = Reply("failed", "run", error=error("WrongSignature", "the artifact's inputs are ['x', 'stray']"))

    told = failed(tree, tmp_path, ("run", "wrapped"), reply)

    assert (told.outcome, told.stage, told.blame) == ("run_failed", "run", "wrapped/from_npz")
    assert told.detail.startswith("WrongSignature: the artifact's inputs are")
