"""The limits of a cell: the target's or the variant's, and the model's own instead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploymatrix.errors import ConfigurationError

if TYPE_CHECKING:
    from deploymatrix.project.limit_specs import ModelLimit
    from deploymatrix.project.project import Model
    from deploymatrix.project.targets import Target


def limits_of(model: Model, target: Target, variant: str) -> dict[str, Any]:
    """Return what bounds the errors of the cell, by the names of numerics' Limits.

    Raise ConfigurationError for a model whose own limit is of the other kind, or out of the target's bounds.
    """
    own, where = model.spec.limits.get(variant), f"{model.folder / 'model.toml'}: limits.{variant}"
    flipped = None if own is None else own.flipped
    own = None if own is None or (own.error is None and own.snr_db is None) else own  # it is about neither
    variant_ = target.variants[variant]
    noise, fidelity = variant_.snr_db, variant_.fidelity
    if noise is not None and fidelity is not None:
        if own is not None and own.snr_db is None:
            raise ConfigurationError(f"{where}.error: this variant is judged by its noise; write snr_db")
        snr_db = noise if own is None or own.snr_db is None else own.snr_db
        more = {
            "reduced": variant_.weights != "float32",
            "flipped": variant_.flipped if flipped is None else flipped,
        }
        return {**of_noise(snr_db, fidelity.model_dump()), **more}
    if flipped is not None:
        raise ConfigurationError(
            f"{where}.flipped: this variant is judged by rounding, and integers exactly; remove it"
        )
    bounds = target.spec.limits[variant]
    return {**bounds.model_dump(), "error": None if own is None else _error(own, where, target, variant)}


def of_noise(snr_db: float, fidelity: dict[str, float]) -> dict[str, Any]:
    """Return the limits of a signal-to-noise ratio in decibel: of the whole, and of each slice.

    fidelity: share, least, flips, times and far of numerics' Limits. Noise of rounding to few levels has the size of
    the whole tensor's range, so a weak slice may have as much as all.
    """
    limit = 10 ** (-snr_db / 20)
    return {"multiple": 0.0, "floor": limit, "ceiling": limit, "rounding": limit, "norm": "rms", **fidelity}


def _error(own: ModelLimit, where: str, target: Target, variant: str) -> float:
    bounds = target.spec.limits[variant]
    if own.error is None:
        raise ConfigurationError(f"{where}.snr_db: this variant is judged by rounding; write error")
    if not bounds.floor <= own.error <= bounds.ceiling:
        raise ConfigurationError(
            f"{where}.error: {own.error:g} is out of the bounds of the target {target.name}, {bounds.floor:g} to "
            f"{bounds.ceiling:g}; write a figure between them, or change the bounds in {target.folder / 'target.toml'}"
        )
    return own.error


def drop_of(model: Model, variant: str) -> float | None:
    """Return the most that a variant may lose of the model's metric; None for a model without labelled data."""
    metric, own = model.spec.metric, model.spec.limits.get(variant)
    if metric is None or metric.data is None:
        return None
    return metric.accuracy_drop if own is None or own.accuracy_drop is None else own.accuracy_drop
