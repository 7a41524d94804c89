"""A report counts, draws the grid and names every failure with what was seen."""

from __future__ import annotations

from headgate.conformance.case import PAIRS, Case, Ruling, Sending
from headgate.conformance.report import as_json, failures, heads, rows, summary, totals
from headgate.conformance.runner import Played


def played(name: str, pair: tuple[str, str], state: str, *why: str) -> Played:
    case = Case(name, *pair, lambda _: Sending("/"), lambda _: None, None)
    return Played("answers", case, Ruling(state, why), 0.01)


HELD, BROKEN, ABSENT = PAIRS[0], PAIRS[1], PAIRS[2]
RUN = [
    played("one", HELD, "holds"),
    played("one", BROKEN, "holds"),
    played("one", BROKEN, "fails", "'a', not 'b'"),
    played("two", BROKEN, "holds"),
    played("two", ABSENT, "none", "no model"),
]


def test_outcomes_are_counted() -> None:
    assert totals(RUN) == {"holds": 3, "fails": 1, "none": 1}


def test_a_promise_has_one_row_where_the_worse_counts() -> None:
    one, two = rows(RUN)
    assert one.marks[:4] == ("✓", "✗", "", "")
    assert two.marks[:4] == ("", "✓", "\N{EN DASH}", "")
    assert (one.promise, len(one.marks)) == ("one", len(heads()))


def test_a_family_has_one_line_with_shares() -> None:
    ((title, *cells),) = summary(RUN)
    assert title == "Answers arrive whole"
    assert cells[:4] == ["✓", "✗ 2/3", "\N{EN DASH}", ""]


def test_a_failure_says_for_whom_and_what_was_seen() -> None:
    assert failures(RUN) == [("one (Claude Code, Messages → Chat)", ["'a', not 'b'"])]


def test_machines_get_everything() -> None:
    it = as_json(RUN)
    assert it["totals"]["fails"] == 1
    assert it["cases"][2] == {
        "family": "answers",
        "promise": "one",
        "client": "Claude Code",
        "caller": "messages",
        "upstream": "chat",
        "ruling": "fails",
        "why": ["'a', not 'b'"],
        "seconds": 0.01,
    }
