"""The limits of a cell: the target's for the variant, and the model's own within them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploymatrix.errors import ConfigurationError

if TYPE_CHECKING:
    from deploymatrix.project.project import Model, Target


def limits_of(model: Model, target: Target, variant: str) -> dict[str, float | None]:
    """Return multiple, floor, ceiling, and the error that the model sets, if any.

    Raise ConfigurationError for a model whose error is out of the target's bounds.
    """
    bounds, own = target.spec.limits[variant], model.spec.limits.get(variant)
    if own is not None and not bounds.floor <= own.error <= bounds.ceiling:
        raise ConfigurationError(
            f"{model.folder / 'model.toml'}: limits.{variant}.error: {own.error:g} is out of the bounds of the target "
            f"{target.name}, {bounds.floor:g} to {bounds.ceiling:g}; write a figure between them, or change the bounds "
            f"in {target.folder / 'target.toml'}"
        )
    return {**bounds.model_dump(), "error": None if own is None else own.error}
