"""Rules about what older runtimes say of an artifact: which option of the exporter makes one that they take."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from deploymatrix.project.strict import Name, Strict


class WideningRule(Strict):
    """What a runtime says of an artifact that is too new for it, and the option of the step that makes an older one.

    `pattern`: a regular expression, searched for in the cell's log. `value`: of the option; a whole number where it
    reads as one; {name} stands for what the pattern's group of that name found. `means`: why that helps, in a sentence.
    """

    pattern: Annotated[str, Field(min_length=8)]
    option: Name
    value: Annotated[str, Field(min_length=1)]
    means: Annotated[str, Field(min_length=10)]

    @model_validator(mode="after")
    def _is_a_regular_expression_with_the_groups_of_value(self) -> Self:
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from None
        missing = set(re.findall(r"\{(\w+)\}", self.value)) - set(groups)
        if missing:
            raise ValueError(f"value has {{{min(missing)}}}, and pattern has no group (?P<{min(missing)}>…)")
        return self

    def option_for(self, said: str) -> dict[str, Any]:
        """Return the option with its value for what a runtime said; empty where the rule is not about that."""
        found = re.search(self.pattern, said)
        if found is None:
            return {}
        value = self.value.format(**found.groupdict())
        return {self.option: int(value) if value.isdigit() else value}
