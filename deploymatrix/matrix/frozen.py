"""What every record of a run is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A record: immutable, with no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
