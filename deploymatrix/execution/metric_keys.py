"""What a cell's accuracy depends on: the metric, what scores it, and how much of it may be lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.project.labelled import scorer
from deploymatrix.project.limits import drop_of
from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.project.plan import PlannedCell
    from deploymatrix.project.project import Model

# Of models with a metric, and of classifiers that are quantised.
MEASURING = Path(__file__).parents[1] / "numerics" / "accuracy.py"
SCORING = Path(__file__).parent / "scorer.py"


def accuracy_code() -> str:
    """Digest the code that measures accuracy."""
    return digests.of_code(MEASURING)


def scoring_code(model: Model) -> list[str]:
    """Digest the model's metric.py, and what asks it; nothing where there is none."""
    own = scorer(model)
    return [] if own is None else [digests.of_code(own), digests.of_code(SCORING)]


def metric_inputs(model: Model, labelled: dict[str, Any]) -> dict[str, Any]:
    """List what all cells of a model with a metric depend on. labelled: what its labelled data do."""
    metric = model.spec.metric
    if metric is None:
        return {}
    said = metric.model_dump(mode="json", exclude={"accuracy_drop", "reason"})
    return {"metric": said, "labelled": labelled, "scoring": scoring_code(model), "measuring": accuracy_code()}


def budget_inputs(cell: PlannedCell) -> dict[str, Any]:
    """List what else the accuracy of one cell depends on; what is quantised may have one without labels."""
    drop = drop_of(cell.model, cell.variant)
    if drop is not None:
        return {"drop": drop}
    rounding = cell.target.variants[cell.variant].judgement == "rounding"
    return {} if rounding else {"agreement": accuracy_code()}
