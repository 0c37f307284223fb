"""An exception as data: the whole chain, each with how it hangs on the one before, none too long."""

from __future__ import annotations

from deploymatrix.worker.ending import HEAD, MOST_LINKS, TAIL, error_report


def chain_of(error: BaseException) -> list[tuple[str, str]]:
    return [(link["type"], link["link"]) for link in error_report(error)["chain"]]


def caught(call: object) -> BaseException:
    try:
        call()  # type: ignore[operator]
    except BaseException as error:
        return error
    raise AssertionError("it did not raise")


def fail() -> None:
    raise KeyError("inner")


def from_cause() -> None:
    try:
        fail()
    except KeyError as error:
        raise ValueError("outer") from error


def under_way() -> None:
    try:
        fail()
    except KeyError:
        raise SystemExit(1)  # noqa: B904


def from_none() -> None:
    try:
        fail()
    except KeyError:
        raise ValueError("outer") from None


def test_a_cause_is_told_from_what_was_under_way_and_from_what_was_hidden() -> None:
    assert chain_of(caught(from_cause)) == [("ValueError", ""), ("KeyError", "cause")]
    assert chain_of(caught(under_way)) == [("SystemExit", ""), ("KeyError", "context")]
    assert chain_of(caught(from_none)) == [("ValueError", "")]


def test_of_a_group_the_first_exception_is_told() -> None:
    group = ExceptionGroup("several", [TypeError("one"), KeyError("two")])

    assert chain_of(group) == [("ExceptionGroup", ""), ("TypeError", "group")]


def test_a_circle_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert len(chain_of(one)) == 2


def test_long_messages_keep_head_and_tail_and_long_chains_are_cut() -> None:
    error: BaseException = ValueError(f"why{'x' * 9000}end")
    for _ in range(20):
        outer = ValueError("outer")
        outer.__cause__ = error
        error = outer

    assert len(error_report(error)["chain"]) == MOST_LINKS
    message = error_report(ValueError(f"why{'x' * 9000}end"))["chain"][0]["message"]
    assert message.startswith("why") and message.endswith("end") and len(message) <= HEAD + TAIL + 3
