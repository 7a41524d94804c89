"""A Draft says only what its source says."""

from __future__ import annotations

from headgate.ledger.importers.draft import Draft
from headgate.ledger.record import Entry


def test_a_draft_of_one_call_needs_no_more_than_an_id_a_time_and_a_model() -> None:
    draft = Draft("msg_1", 1, "claude-opus-5-5")
    assert (draft.calls, draft.status, draft.ending, draft.stated_nusd) == (
        1,
        200,
        "complete",
        None,
    )


def test_what_a_draft_calls_as_the_ledger_does_has_the_same_default_kind() -> None:
    types = Entry.__annotations__
    for name in set(Draft._fields) & set(Entry._fields):
        assert Draft.__annotations__[name] == types[name], name
