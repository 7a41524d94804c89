"""Of all drafts of a call one row is made, and always the same one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.book.columns import BOOK
from headgate.ledger.importers.claude_code import IMPORTER
from headgate.ledger.importers.draft import Draft, Failed
from tests.ledger.importers import transcripts
from tests.ledger.importers.books import booked, draft
from tests.ledger.importers.reads import drafts_of, lay_lines, reading_of
from tests.ledger.importers.test_claude_code import changed


def told(output: int, id: str, request: str = "", *, side: bool = False) -> transcripts.Line:
    """An answer's line that says it had so much output."""
    line = changed(output_tokens=output)
    return line | {
        "requestId": request,
        "isSidechain": side,
        "message": line["message"] | {"id": id},
    }


FIXTURE = {
    # The first answer is told three times while it grows.
    "1-main.jsonl": [
        told(1, "msg_1", "req_1"),
        told(29, "msg_1", "req_1"),
        told(120, "msg_1", "req_1"),
        told(40, "msg_2", "req_2"),
        told(59, "msg_3", "req_3"),
        told(20, "msg_4", "req_4"),
    ],
    # History that was copied, some of it without its request, some before it was whole.
    "2-resumed.jsonl": [told(120, "msg_1"), told(19, "msg_3", "req_3")],
    # A sub-agent tells answers again, with counts of its own.
    "3-agent.jsonl": [told(66, "msg_2", side=True), told(22, "msg_4", side=True)],
}


def test_the_documented_rule_counts_239_tokens_where_none_counts_496_and_first_wins_328(
    tmp_path: Path,
) -> None:
    files = {
        name: drafts_of(IMPORTER, reading_of(lay_lines(tmp_path / "t" / name, lines)))
        for name, lines in FIXTURE.items()
    }
    every = [it for drafts in files.values() for it in drafts]
    assert sum(it.output for it in every) == 496
    first = {(it.id, it.upstream_id): it.output for it in reversed(every)}
    assert sum(first.values()) == 328
    with booked(tmp_path, {name: list(drafts) for name, drafts in files.items()}) as (
        duck,
        counts,
    ):
        ((output, calls),) = duck.execute("SELECT sum(output), count(*) FROM ready").fetchall()
    assert (output, calls) == (239, 4)
    assert (counts.calls, counts.twice, counts.continued) == (4, 4, 2)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 999), mixed=st.randoms(use_true_random=False))
def test_any_order_of_files_and_lines_makes_the_same_rows_by_the_plain_rule(
    tmp_path_factory: pytest.TempPathFactory, seed: int, mixed: random.Random
) -> None:
    root = tmp_path_factory.mktemp("t")
    files = transcripts.folder(seed, 3, 4, 30)
    transcripts.write(root, files)
    drafts = {
        name.replace("/", "-"): drafts_of(IMPORTER, reading_of(root / name)) for name in files
    }
    rows = []
    for attempt in ("one", "two"):
        names = list(drafts)
        if attempt == "two":
            mixed.shuffle(names)
        (root / attempt).mkdir()
        with booked(root / attempt, {name: drafts[name] for name in names}) as (duck, _):
            rows.append(duck.execute("SELECT * FROM ready ORDER BY id").fetchall())
    assert rows[0] == rows[1]
    expected = transcripts.expected(line for lines in files.values() for line in lines)
    names = [it.name for it in BOOK]
    id, read_in, output = (names.index(name) for name in ("id", "cache_read", "output"))
    assert {row[id]: (row[read_in], row[output]) for row in rows[0]} == {
        id: (usage["cache_read_input_tokens"], usage["output_tokens"])
        for id, usage in expected.items()
    }


def test_rows_have_the_columns_of_the_book_in_order(tmp_path: Path) -> None:
    with booked(tmp_path, {"a": [draft()]}) as (duck, _):
        described = duck.execute("DESCRIBE ready").fetchall()
    assert [(row[0], row[1]) for row in described] == [(it.name, it.kind) for it in BOOK]


def test_a_call_lasts_from_its_first_draft_to_the_end_of_its_last(tmp_path: Path) -> None:
    drafts = [
        draft(at_us=2_000_000_000_000_000, took_us=5, rank=(1, 1, 0)),
        draft(at_us=2_000_000_000_000_001, took_us=20, rank=(1, 9, 0)),
        draft(at_us=1_900_000_000_000_000, took_us=1, session="another", rank=(0, 9, 0)),
    ]
    with booked(tmp_path, {"a": drafts}) as (duck, _):
        assert duck.execute("SELECT at_us, took_us FROM ready").fetchall() == [
            (2_000_000_000_000_000, 21)
        ]


def test_the_dearest_of_equals_counts(tmp_path: Path) -> None:
    drafts = [
        draft(cache_write_5m=100, rank=(1, 110, 0)),
        draft(cache_write_1h=100, rank=(1, 110, 0)),
    ]
    for name, those in (("a", drafts), ("b", drafts[::-1])):
        (tmp_path / name).mkdir()
        with booked(tmp_path / name, {"x": those}) as (duck, _):
            assert duck.execute("SELECT cache_write_1h FROM ready").fetchall() == [(100,)]


def test_tools_are_those_of_all_drafts_each_counted_once(tmp_path: Path) -> None:
    one: list[Draft | Failed] = [
        draft(tools="t1 Bash\nt2 Read"),
        draft(tools="t3 Bash"),
        Failed("t3"),
    ]
    two: list[Draft | Failed] = [draft(tools="t1 Bash"), Failed("t3"), Failed("other")]
    with booked(tmp_path, {"a": one, "b": two}) as (duck, _):
        assert duck.execute(
            "SELECT tools_used, tools_called, tools_failed FROM ready"
        ).fetchall() == [("Bash:2 Read:1", 3, 1)]


def test_tools_that_are_told_whole_stay_as_they_are(tmp_path: Path) -> None:
    whole = draft(tools_used="Bash:4", tools_called=4, tools_failed=2)
    with booked(tmp_path, {"a": [whole]}) as (duck, _):
        assert duck.execute(
            "SELECT tools_used, tools_called, tools_failed FROM ready"
        ).fetchall() == [("Bash:4", 4, 2)]


def test_what_a_source_does_not_say_of_its_cost_stays_unsaid(tmp_path: Path) -> None:
    drafts = [draft("a"), draft("b", stated_nusd=0), draft("c", stated_nusd=-7)]
    with booked(tmp_path, {"x": drafts}) as (duck, _):
        found = dict(duck.execute("SELECT id, stated_nusd FROM ready").fetchall())
    assert found == {"a": None, "b": 0, "c": -7}


@pytest.mark.parametrize("head", [0, 1, 2**63, 2**64 - 1])
def test_fingerprints_of_64_bits_survive(tmp_path: Path, head: int) -> None:
    with booked(tmp_path, {"x": [draft(head=head)]}) as (duck, _):
        assert duck.execute("SELECT head FROM ready").fetchall() == [(head,)]
