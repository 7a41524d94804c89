"""What the book has is not brought again, whatever told of it first."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers import openai_usage
from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.overlap import Overlap, leave_out
from headgate.ledger.insert import Batch, write
from headgate.store.place import connect
from tests.ledger.importers.books import NOW_US, Desk, booked, draft
from tests.ledger.rows import entry
from tests.stores import sign_in

AT = NOW_US - 86_400_000_000
RESPONSE = "resp_GUfwNQvysK7iSjvCQ1iiuhSH"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "headgate.db", tmp_path)


def gateway(desk: Desk, **values: Any) -> None:
    """A call that went through the gateway."""
    with contextlib.closing(connect(desk.place)) as connection:
        usual = {"id": "hg_1", "at_us": AT, "upstream_id": "req_1", "session": "s1"}
        usual |= {"input_fresh": 5, "cache_read": 0, "output": 10}
        sign_in(connection, 7)
        write(connection, 7, Batch(1, [entry(**usual | values)], [], []))


def left(desk: Desk, *drafts: Draft) -> tuple[Overlap, list[str]]:
    """What of some drafts is brought, and what is left out."""
    folder = desk.folder / "drafts"
    folder.mkdir(exist_ok=True)
    with booked(folder, {"a": list(drafts)}) as (duck, _):
        overlap = leave_out(duck, desk.place, desk.shelf, "silent")
        rows: Sequence[tuple[str]] = duck.execute("SELECT id FROM ready ORDER BY id").fetchall()
    return overlap, [id for (id,) in rows]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, draft("msg_1", AT + 9, upstream_id="hg_1")),
        ({}, draft("msg_1", AT + 9, upstream_id="req_1")),
        ({"upstream_id": RESPONSE}, draft(RESPONSE, AT)),
        ({}, draft("x", AT + 400_000_000, session="s1", input_fresh=5)),
    ],
)
def test_a_call_that_went_through_the_gateway_is_left_out(
    desk: Desk, values: dict[str, Any], told: Draft
) -> None:
    gateway(desk, **values)
    overlap, ids = left(desk, told, draft("other", AT))
    assert (overlap.twice, ids) == (1, ["other"])


@pytest.mark.parametrize(
    "told",
    [
        draft("x", AT, session="s1", input_fresh=6),
        draft("x", AT, session="s2", input_fresh=5),
        draft("x", AT + 3_600_000_000, session="s1", input_fresh=5),
        draft("x", AT, upstream_id="req_2"),
    ],
)
def test_another_call_is_not_taken_for_the_gateways(desk: Desk, told: Draft) -> None:
    gateway(desk)
    overlap, ids = left(desk, told)
    assert (overlap.twice, ids) == (0, ["x"])


def test_days_that_are_told_by_calls_and_by_sums_are_counted(desk: Desk) -> None:
    gateway(desk, provider="anthropic")
    bucket = draft("b", AT, provider="anthropic", span_us=3_600_000_000, calls=0)
    other = draft("c", AT, provider="openai", model="gpt-5", span_us=3_600_000_000, calls=0)
    overlap, ids = left(desk, bucket, other)
    assert (overlap.days, ids) == (1, ["b", "c"])


def sums(desk: Desk, rows: Sequence[tuple[str, int, int]]) -> int:
    """Bring an export of OpenAI's usage of one hour; how many days were told twice."""
    folder = desk.folder / f"export of {len(rows)} rows"
    folder.mkdir()
    results = [
        {"input_tokens": put_in, "output_tokens": put_out, "num_model_requests": 3}
        | {"model": "gpt-4o", "api_key_id": key, "object": "organization.usage.completions"}
        for key, put_in, put_out in rows
    ]
    bucket = {"start_time": 1_790_000_000, "end_time": 1_790_003_600, "results": results}
    (folder / "a.jsonl").write_text(json.dumps(bucket) + "\n")
    return desk.bring(openai_usage.IMPORTER, folder).days


def test_days_whose_sums_come_again_in_another_grouping_are_counted(desk: Desk) -> None:
    connect(desk.place).close()
    assert sums(desk, [("key_1", 60, 1), ("key_2", 40, 2)]) == 0
    assert sums(desk, [("key_1", 60, 1), ("key_2", 40, 2), ("key_3", 9, 9)]) == 0
    assert sums(desk, [("", 109, 12)]) == 1


def test_nothing_overlaps_with_an_empty_book(desk: Desk) -> None:
    connect(desk.place).close()
    assert left(desk, draft("a")) == (Overlap(0, 0, [], 0), ["a"])


def test_nothing_overlaps_where_nothing_is_brought(desk: Desk) -> None:
    gateway(desk)
    assert left(desk) == (Overlap(0, 0, [], 0), [])
