"""What is kept of a conformance run differs from the last one only where a gateway does."""

from __future__ import annotations

from benchmarks.conformance import LONGEST, MOST, kept
from headgate.conformance.case import Case, Ruling, Sending
from headgate.conformance.runner import Played


def played(*why: str) -> Played:
    case = Case("a promise", "chat", "messages", lambda _: Sending("/"), lambda _: None, None)
    return Played("answers", case, Ruling("fails" if why else "holds", why), 0.5)


def test_a_promise_that_holds_needs_no_words() -> None:
    assert kept(played(), []) == {
        "family": "answers",
        "promise": "a promise",
        "caller": "chat",
        "upstream": "messages",
        "ruling": "holds",
    }


def test_ports_and_folders_of_one_run_are_left_out() -> None:
    seen = kept(played("at folder-7/x, port 4711"), ["folder-7", "4711"])
    assert seen["why"] == ["at …/x, port …"]


def test_what_was_seen_is_cut_short() -> None:
    seen = kept(played("x" * 999, *"abcdef"), [])
    assert len(seen["why"]) == MOST
    assert len(seen["why"][0]) == LONGEST + 1
