"""The [source] of a model.toml: a model that a file or a configuration gives, without Python code beside it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ModelSource(BaseModel):
    """A model without Python code: pipelines/frameworks/<framework>/sources/<kind>.py builds it.

    `path`: a file or folder with architecture and weights, seen from model.toml. `config`: the architecture alone, as a
    table or as the path of a JSON file; its weights are then drawn from the seed. `trust`: whoever made these files may
    run code here; a kind whose files can do that is not opened without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] = "python"
    path: str | None = None
    config: str | dict[str, Any] | None = None
    architecture: str | None = None
    options: dict[str, Any] = {}
    trust: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in ("path", "config") if getattr(self, name) is not None]
        if self.kind == "python" and (given or self.architecture):
            raise ValueError('kind = "python" means model.py with build(); remove the other keys, or name another kind')
        if self.kind == "python" and self.trust:
            raise ValueError("model.py is code of yours and runs as a build does; trust is about files; remove it")
        if self.kind != "python" and len(given) != 1:
            raise ValueError(f"kind = {self.kind!r} needs path or config, and not both")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files and folders that it names, seen from model.toml."""
        return tuple(name for name in (self.path, self.config) if isinstance(name, str))
