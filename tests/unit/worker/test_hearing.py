"""A model's code may silence warnings for itself, and not those of the exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest

from deploymatrix.worker import hearing


@pytest.fixture
def heard() -> Iterator[list[warnings.WarningMessage]]:
    """The warnings that are shown."""
    warn = warnings.warn
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        yield shown
    warnings.warn = warn
    logging.disable(logging.NOTSET)


def silence() -> None:
    """Do what users' scripts do."""
    warnings.filterwarnings("ignore")
    warnings.warn = lambda *_, **__: None  # type: ignore[assignment]
    logging.disable(logging.CRITICAL)


def test_what_a_model_has_silenced_is_heard_while_the_exporter_works(heard: list[warnings.WarningMessage]) -> None:
    before = hearing.now()
    silence()

    with hearing.restored(before):
        warnings.warn("the trace may be wrong", UserWarning, stacklevel=1)
        assert logging.getLogger("exporter").isEnabledFor(logging.WARNING)
    warnings.warn("the model's own affair", UserWarning, stacklevel=1)

    assert [str(warning.message) for warning in heard] == ["the trace may be wrong"]


def test_what_a_framework_ignores_stays_ignored(heard: list[warnings.WarningMessage]) -> None:
    warnings.filterwarnings("ignore", "known and harmless")
    before = hearing.now()

    with hearing.restored(before):
        warnings.warn("known and harmless", UserWarning, stacklevel=1)

    assert heard == []
