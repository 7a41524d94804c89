"""What the judge keeps of what is printed, and how it words an exception."""

from __future__ import annotations

from headgate.sandbox.verdict.inside import judging


def test_what_is_printed_is_kept_up_to_a_limit() -> None:
    sink = judging.Sink()
    assert sink.write("x" * 10_000) == 10_000
    assert len(sink.text) == judging.MOST_KEPT


def test_an_exception_is_worded_with_where_in_the_code_it_arose() -> None:
    raised = ValueError("seven")
    raised._where = "solution.py:3"  # type: ignore[attr-defined]
    assert judging.worded(raised) == "ValueError: seven (raised at solution.py:3)"
