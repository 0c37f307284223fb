"""A module that a model's code imports and does not find, told in the words of its folder: what to write where."""

from __future__ import annotations

import re

from deploymatrix.host.messages import Reply
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Project

NOT_FOUND = re.compile(r"No module named '([A-Za-z_]\w*)'")


def missing_package(project: Project, task: Task, reply: Reply) -> str | None:
    """Say which package the model lacks; None where something else failed, or code that is not the model's."""
    name = _name(reply)
    if name is None or not _opens_the_model(task) or not _is_the_models(task, reply):
        return None
    model = task.model
    built_in = project.frameworks[model.spec.framework].environment
    opened_in = built_in if task.kind == "reference" else task.step.environment
    if opened_in != built_in and re.search(rf"(?mi)^{name}==", project.environment_lock(built_in).read_text("utf-8")):
        return (
            f"needs `{name}`, which the environment {built_in} has, where the model is built, and not {opened_in}, "
            f"where this step opens it: import it in build() alone, or choose another step in "
            f"[routes.{task.step.format}]"
        )
    return (
        f"needs `{name}`: add it to {project.shown(model.requirements)} and run deploymatrix lock {model.name}; or, if "
        f"it is code of yours, name its folder in pythonpath of {project.shown(model.folder / 'model.toml')}"
    )


def _name(reply: Reply) -> str | None:
    """Return the top-level module that the innermost exception did not find."""
    links = (reply.error or {}).get("chain") or []
    found = [link for link in links if link["type"] == "ModuleNotFoundError"]
    match = NOT_FOUND.fullmatch(found[-1]["message"]) if found else None
    return match[1] if match else None


def _opens_the_model(task: Task) -> bool:
    return task.kind == "reference" or (task.kind == "export" and task.step.opener is not None)


def _is_the_models(task: Task, reply: Reply) -> bool:
    """Tell whether a file of the model's code, or what builds it, was at work."""
    traceback = (reply.error or {}).get("traceback", "")
    return any(f'File "{place}' in traceback for place in (task.model.module, *task.model.import_folders))
