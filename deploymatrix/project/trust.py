"""Models whose files can run code when they are opened: not on this machine, unless their model.toml says so.

Ask before exporters start on the host; whoever opens such files elsewhere need not ask.
"""

from __future__ import annotations

from collections.abc import Iterable

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Model, Project


def require_trust(project: Project, models: Iterable[Model]) -> None:
    """Raise ConfigurationError for each model that could run code, whose model.toml does not say that it may.

    In containers all may: nothing of the host is within their reach.
    """
    if project.exporters == "docker":
        return
    complaints = [text for model in {m.name: m for m in models}.values() if (text := _complaint(project, model))]
    if complaints:
        raise ConfigurationError("\n".join(complaints))


def _complaint(project: Project, model: Model) -> str:
    source = model.spec.source
    reason = project.frameworks[model.spec.framework].executing.get(source.kind)
    if reason is None or source.trust:
        return ""
    return (
        f"{model.folder / 'model.toml'}: source.trust: the kind {source.kind!r} can run any code on this machine "
        f"as it is opened: {reason}. Write trust = true in [source] if you know who made it; else leave the model out"
    )
