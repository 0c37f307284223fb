"""What all records of TOML files have in common: an unknown key is an error, and names look alike everywhere."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
FolderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Isolation = Literal["docker", "process"]


class Strict(BaseModel):
    """A record in which an unknown key is an error: a typo must not be a silent default.

    `former_keys`: keys of earlier versions, and what to write instead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    former_keys: ClassVar[dict[str, str]] = {}
