"""What becomes known of a call, and the row and the intent it turns into."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.tally import (
    LABEL_CHARS,
    Settled,
    TryNote,
    conversation,
    entry,
    intent,
    max_output,
)
from headgate.ledger.record import Entry
from headgate.money.catalog import FREE
from headgate.money.pricing import About, Cost, Rates
from headgate.policy.router import Target
from headgate.wire.call import Holder
from headgate.wire.model import STANDARD, Ending, Fault, Headers, Kind, Terms, Usage
from tests.engine.players import call_of, tally_of

NOTHING = Settled(Usage(), "none", STANDARD, None, None)


def row_of(headers: Headers) -> Entry:
    tally = tally_of(call_of(headers=headers))
    return entry(tally, NOTHING, 102.25, None)


def test_times_are_whole_microseconds_from_the_calls_start() -> None:
    tally = tally_of()
    tally.first_content = 100.5
    row = entry(tally, NOTHING, 102.25, None)
    assert (row.at_us, row.took_us, row.ttft_us) == (1_700_000_000_000_000, 2_250_000, 500_000)


def test_what_the_caller_says_about_itself_is_kept_in_its_columns() -> None:
    row = row_of(
        [
            (b"x-claude-code-session-id", b"s-1"),
            (b"x-claude-code-agent-id", b"a-1"),
            (b"x-headgate-tags", b"team=a"),
            (b"user-agent", b"claude-cli/2.1"),
            (b"x-headgate-latency", b"batch"),
        ]
    )
    assert (row.session, row.agent, row.tags) == ("s-1", "a-1", "team=a")
    assert (row.client, row.latency_class) == ("claude-cli/2.1", "batch")


@given(st.binary(max_size=3000))
def test_labels_are_short_whatever_the_caller_sends(value: bytes) -> None:
    names = (b"user-agent", b"x-headgate-tags", b"session-id", b"x-headgate-latency")
    row = row_of([(name, value) for name in names])
    for label in (row.client, row.tags, row.session, row.latency_class):
        assert len(label) <= LABEL_CHARS


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf", "Co", "Cn"])))
def test_names_of_models_are_short_in_every_column(model: str) -> None:
    if not model.isprintable():
        return
    tally = tally_of(call_of({"model": model * 50}))
    tally.target = Target("p", "")
    row = entry(tally, NOTHING, 101.0, None)
    assert len(row.model_asked) <= LABEL_CHARS
    assert row.model_sent == row.model_asked


@pytest.mark.parametrize(
    ("surface", "body", "bound"),
    [
        ("messages", {"max_tokens": 64}, 64),
        ("messages", {}, 0),
        ("messages", {"max_tokens": "many"}, 0),
        ("messages", {"max_tokens": -1}, 0),
        ("messages", {"max_tokens": None}, 0),
        ("chat", {"max_completion_tokens": 9, "max_tokens": 7}, 9),
        ("chat", {"max_tokens": 7}, 7),
        ("responses", {"max_output_tokens": 5}, 5),
    ],
)
def test_the_callers_bound_on_output_is_read_where_its_dialect_puts_it(
    surface: str, body: dict[str, object], bound: int
) -> None:
    assert max_output(call_of(body, surface=surface)) == bound


@pytest.mark.parametrize(
    ("surface", "body", "headers"),
    [
        ("messages", {}, [(b"x-claude-code-session-id", b"s-1")]),
        ("responses", {}, [(b"session-id", b"s-1")]),
        ("messages", {"metadata": {"user_id": '{"session_id":"s-1"}'}}, []),
        ("chat", {"prompt_cache_key": "s-1"}, []),
        ("responses", {"prompt_cache_key": "s-1"}, []),
    ],
)
def test_a_conversation_keeps_its_name_whatever_is_said_in_it(
    surface: str, body: dict[str, object], headers: Headers
) -> None:
    turns = "input" if surface == "responses" else "messages"
    for question in ("one", "two"):
        said: dict[str, object] = {turns: [{"role": "user", "content": question}]}
        call = call_of({**body, **said}, surface=surface, headers=headers)
        assert conversation(call) == b"s-1"
        assert entry(tally_of(call), NOTHING, 101.0, None).session == "s-1"
        assert conversation(call_of(said, surface=surface)) not in (b"s-1", b"")


def test_an_intent_says_where_the_call_was_about_to_go() -> None:
    call = call_of({"max_tokens": 64})
    call.holder = Holder("k_1")
    noted = intent(tally_of(call), Target("anthropic", "", 3))
    assert noted.id == "call-1"
    assert (noted.provider, noted.model_sent, noted.key_id) == ("anthropic", call.model, "k_1")
    assert noted.input_estimate > 0
    assert noted.max_output == 64


def test_the_row_keeps_the_name_of_every_warning_once() -> None:
    tally = tally_of()
    assert entry(tally, NOTHING, 101.0, None).warnings == ""
    tally.reading.warn("odd_event")
    assert entry(tally, NOTHING, 101.0, None).warnings == "odd_event"
    tally.warnings = ("price_unknown: p:m is not listed, as it seems", "odd_event: twice")
    assert entry(tally, NOTHING, 101.0, None).warnings == "price_unknown,odd_event"


def test_tries_are_told_when_there_were_several_or_one_failed() -> None:
    tally = tally_of()
    good = TryNote("p", "m", 5, 200, "", False, "req_1")
    bad = TryNote("p", "m", 5, 529, "overloaded", True, "req_0")
    tally.notes = [good]
    assert entry(tally, NOTHING, 101.0, None).tries_json is None
    for notes in ([bad], [bad, good]):
        tally.notes = list(notes)
        row = entry(tally, NOTHING, 101.0, None)
        told = msgspec.json.decode(row.tries_json or "")
        assert [t["fault"] for t in told] == [note.fault for note in notes]
        assert row.maybe_billed == 1
        assert row.upstream_id == notes[-1].upstream_id


def test_a_call_without_an_ending_never_counts_as_complete() -> None:
    tally = tally_of()
    tally.fault = Fault(Kind.INTERNAL, "x")
    row = entry(tally, NOTHING, 101.0, None)
    assert (row.ending, row.fault) == ("error", "internal")
    tally.ending = Ending.COMPLETE
    assert entry(tally, NOTHING, 101.0, None).ending == "complete"


def test_a_second_try_begins_with_nothing_of_the_first() -> None:
    tally = tally_of()
    tally.begin_try(None)
    first = tally.reading
    first.hear("begun")
    tally.held.append(b"x")
    tally.first_content = 5.0
    tally.notes.append(TryNote("p", "m", 1, 200, "truncated", True, ""))
    tally.begin_try(None)
    assert tally.reading is not first
    assert (tally.held, tally.first_content, tally.watch) == ([], 0.0, None)


def test_no_row_ever_holds_text_of_the_request() -> None:
    planted = "heron-by-the-weir"
    tally = tally_of(call_of({"system": planted, "messages": [{"content": planted}]}))
    row = entry(tally, NOTHING, 101.0, b"k" * 32)
    assert planted not in str(row)
    assert row.prefix
    assert row.request_bytes == len(tally.call.envelope.body)


def test_every_column_of_a_row_holds_what_its_name_says() -> None:
    """Rows are built by position, so each column is given a value that no other one has."""
    tally = tally_of(call_of({"model": "asked", "max_tokens": 64, "stream": True}))
    tally.target, tally.route, tally.credential = Target("p", "sent"), "a*", "house"
    tally.status, tally.reply_bytes, tally.ending = 207, 41, Ending.COMPLETE
    tally.reading.model, tally.reading.tools_called = "served", 3
    tally.reading.warn("warned")
    tally.call.holder = Holder("k_1", "acme", "search", "4711", "own=1")
    usage = Usage(11, 12, 13, 14, 15, 16, 17, 18, 19)
    cost = Cost(21, 22, 23, 24, 25)
    rates = Rates(About("v1", "catalog"), lambda _: FREE)
    settled = Settled(usage, "provider", Terms("flex", "fast", "us"), rates, cost)
    row = entry(tally, settled, 101.0, None)._asdict()
    for told in (usage._asdict(), settled.terms._asdict(), cost._asdict()):
        assert told.items() <= row.items()
    wanted = {
        "key_id": "k_1",
        "organisation": "acme",
        "team": "search",
        "cost_centre": "4711",
        "key_tags": "own=1",
        "tags": "own=1",
        "model_asked": "asked",
        "model_sent": "sent",
        "model_served": "served",
        "route": "a*",
        "provider": "p",
        "credential": "house",
        "status": 207,
        "fault": "",
        "ending": "complete",
        "stream": 1,
        "canned": 0,
        "tries": 0,
        "usage_from": "provider",
        "cost_nusd": 115,
        "price_version": "v1",
        "priced_by": "catalog",
        "max_output": 64,
        "request_bytes": len(tally.call.envelope.body),
        "reply_bytes": 41,
        "tools_offered": 0,
        "tools_called": 3,
        "prefix": None,
        "reply_hash": None,
        "batch_id": "",
        "warnings": "warned",
        "simulated": 0,
    }
    assert wanted.items() <= row.items()


def tags_of(own: str, declared: bytes) -> str:
    headers = [(b"x-headgate-tags", declared)] if declared else []
    tally = tally_of(call_of(headers=headers))
    tally.call.holder = Holder("k_1", tags=own)
    row = entry(tally, NOTHING, 102.25, None)
    assert row.key_tags == own
    return row.tags


def test_a_callers_tags_come_after_the_keys_own_each_once() -> None:
    assert tags_of("", b"") == ""
    assert tags_of("a,b", b"") == "a,b"
    assert tags_of("a,b", b" c , b,,c ") == "a,b,c"
    assert tags_of("", b"x, y,x") == "x,y"


@given(st.binary(max_size=400))
def test_no_caller_can_add_to_the_keys_tags_or_write_without_bound(declared: bytes) -> None:
    tags = tags_of("own=1", declared)
    assert tags.split(",")[0] == "own=1"
    assert len(tags) <= LABEL_CHARS + len("own=1,")


def test_of_too_many_tags_only_whole_ones_are_kept() -> None:
    assert tags_of("", b"abcdefghi," * 30) == "abcdefghi"
    many = ",".join(f"tag-{n:05d}" for n in range(40))
    assert set(tags_of("", many.encode()).split(",")) < set(many.split(","))
