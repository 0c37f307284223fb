"""What a user would write: load every model, export, run and compare, in one plain process per environment.

Runs in an exporter's or a runtime's environment, with nothing but numpy and the stand-alone code of the worker and of
the comparison, so that it does the very same work. No isolation, no key, no record:
`python -m bench.user_script PLAN PLACE`.
"""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploymatrix.numerics.compare import Answers, compare
from deploymatrix.numerics.limits import Limits
from deploymatrix.worker import exporting, loading, referencing, running
from deploymatrix.worker.spec import Tensor

DO = {"reference": referencing.perform, "export": exporting.perform, "run": running.perform}

NO_LIMIT = Limits(multiple=1.0, floor=1e300, ceiling=1e300)  # the script has its own


class Reporter:
    """Nobody listens."""

    def stage(self, name: str) -> None: ...


def main(plan: Path, place: str) -> None:
    made = read_made(plan)
    for task in json.loads(plan.read_text()):
        if task["id"] in made or not _belongs_here(task, place) or any(need not in made for need in task["needs"]):
            continue
        if any("error" in made[need] for need in task["needs"]):
            made[task["id"]] = {"error": "what it needs failed"}
        elif task["kind"] == "compare":
            made[task["id"]] = {"value": max_error(task, made)}
        elif task["kind"] != "run" or _imports(task["module"]):
            result = _attempt(task, made, plan)
            if not _may_be_the_neighbours_fault(task, place, result):
                made[task["id"]] = result
    _write_made(plan, made)


def read_made(plan: Path) -> dict[str, Any]:
    """What is done so far, by task: value and out, or error."""
    path = plan.with_name("made.json")
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def run_requests(plan: Path, target: str) -> list[dict[str, Any]]:
    """The target's runs that are not done and whose artifacts are there, for a runtime outside of Python."""
    made, tasks = read_made(plan), json.loads(plan.read_text())
    wanted = [t for t in tasks if t["kind"] == "run" and t["target"] == target and t["id"] not in made]
    ready = [t for t in wanted if all("error" not in made.get(need, {"error": ""}) for need in t["needs"])]
    return [{"id": task["id"], **_request(task, made, plan)} for task in ready]


def take_over(plan: Path, results: dict[str, Any]) -> None:
    """Add what another runtime has done, and compare it."""
    made = {**read_made(plan), **results}
    for task in json.loads(plan.read_text()):
        if task["kind"] == "compare" and task["needs"][-1] in results and "error" not in results[task["needs"][-1]]:
            made[task["id"]] = {"value": max_error(task, made)}
    _write_made(plan, made)


def max_error(task: dict[str, Any], made: dict[str, Any]) -> float:
    """Return max|y - y64| / max|y64| over all samples and outputs; infinite where there is nothing to measure."""
    reference, artifact, run = (made[need] for need in task["needs"])
    answers = Answers(
        actual=Path(run["out"]),
        reference=Path(reference["out"]),
        samples=len(task["samples"]),
        declared=tuple(_outputs(task["spec"], artifact["value"]["signature"])),
        missing=tuple(run["value"]["missing"]),
        extra=tuple(run["value"]["extra"]),
    )
    errors = [output.error for output in compare(answers, NO_LIMIT).outputs]
    return max((math.inf if error is None else error for error in errors), default=math.inf)


def _outputs(spec: dict[str, Any], signature: dict[str, Any]) -> Iterator[Tensor]:
    """Yield the model's outputs with the dtype and shape that they have in the artifact."""
    for output in spec["outputs"]:
        told = signature["outputs"][output["name"]]
        yield Tensor(output["name"], told["dtype"], tuple(told["shape"]))


def _belongs_here(task: dict[str, Any], place: str) -> bool:
    return place == task["place"] or (task["target"] is not None and place == f"target-{task['target']}")


def _imports(module: str) -> bool:
    """Whether this environment has the runtime; if not, the run is left to the runtime's own."""
    if not module.endswith(".py"):
        return False
    try:
        loading.load(Path(module))
    except ImportError:
        return False
    return True


def _may_be_the_neighbours_fault(task: dict[str, Any], place: str, result: dict[str, Any]) -> bool:
    """TensorFlow's threads, for one, cannot be set after an exporter ran: such a run gets a process of its own."""
    return task["kind"] == "run" and "error" in result and place == task["place"]


def _attempt(task: dict[str, Any], made: dict[str, Any], plan: Path) -> dict[str, Any]:
    request = _request(task, made, plan)
    try:
        return {"value": DO[task["kind"]](request, Reporter()), "out": request["out"]}  # type: ignore[arg-type]
    except (Exception, SystemExit) as error:  # some exporters end the process
        traceback.print_exc()
        return {"error": repr(error)}


def _request(task: dict[str, Any], made: dict[str, Any], plan: Path) -> dict[str, Any]:
    out = plan.parent / "out" / task["id"].replace(" ", "-").replace(">", "-")
    args = {"spec": task["spec"], "samples": task["samples"]}
    if task["kind"] == "reference":
        args |= {"model": task["model"], "given": task["given"]}
    elif task["kind"] == "export":
        args |= {"options": task["options"], "source": _source(task, made[task["needs"][-1]])}
    else:
        artifact = made[task["needs"][1]]
        payload = str(Path(artifact["out"]) / artifact["value"]["entry"])
        args |= {"payload": payload, "signature": artifact["value"]["signature"], "repeat": 3}
    return {"module": task["module"], "args": args, "out": str(out)}


def _source(task: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    if task["opener"] is None:
        return {
            "artifact": str(Path(source["out"]) / source["value"]["entry"]),
            "signature": source["value"]["signature"],
        }
    weights = str(Path(source["out"]) / "weights")
    return {"framework": task["opener"], "model": task["model"], "given": task["given"], "weights": weights}


def _write_made(plan: Path, made: dict[str, Any]) -> None:
    plan.with_name("made.json").write_text(json.dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
