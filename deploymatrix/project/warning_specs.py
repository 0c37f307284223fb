"""Rules about what exporters say: which lines of their logs tell that an artifact may not be what was asked for."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator


class WarningRule(BaseModel):
    """A line of an exporter's log that casts doubt on the artifact, and what it `means`, in one sentence.

    `pattern`: a regular expression that is searched for in each line. `unless`: one for lines that mean no harm after
    all; it is searched for in the line and in the line of code below it, as Python prints one with a warning.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    pattern: Annotated[str, Field(min_length=8)]
    means: Annotated[str, Field(min_length=10)]
    unless: str | None = None

    @field_validator("pattern", "unless")
    @classmethod
    def _is_a_regular_expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        return value
