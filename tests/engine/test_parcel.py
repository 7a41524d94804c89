"""A reply that is cut, sealed, opened and poured out again is the reply it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.flight import Record
from headgate.engine.parcel import Cause, Knife, Last, Pouring, packed, sealed, unsealed
from headgate.store.relay import PART_BYTES, Led
from headgate.wire.model import Ending, Fault, Kind, Reply

LED = Led(b"name", "aa.1")
KEY = bytes(32)
HEADERS = [(b"content-type", b"text/event-stream"), (b"x-odd", b"\xff\x00")]
GOOD = Last(Ending.COMPLETE, None, False, 1234)


def fresh() -> Record:
    return Record(lambda: 0.0)


async def poured(boxes: list[bytes]) -> tuple[Record, Pouring]:
    record = fresh()
    pouring = Pouring(record)
    for part in unsealed(KEY, LED, 0, boxes) or ():
        await pouring.take(part)
    return record, pouring


@given(st.lists(st.one_of(st.none(), st.binary(max_size=2000)), max_size=20))
async def test_a_stream_comes_out_as_it_went_in_however_often_it_is_cut(
    steps: list[bytes | None],
) -> None:
    """None: it is cut here."""
    record, boxes = fresh(), list[bytes]()
    knife = Knife(record)
    await record.start(200, HEADERS)
    for step in steps:
        if step is None:
            boxes += sealed(KEY, LED, len(boxes), packed(knife.cut(None)))
        else:
            record.put(step)
    await record.end(b"end")
    boxes += sealed(KEY, LED, len(boxes), packed(knife.cut(GOOD)))
    there, pouring = await poured(boxes)
    assert there.head == record.head
    assert there.body == record.body
    assert there.over
    assert there.fault is None
    assert pouring.last == GOOD


async def test_a_whole_reply_is_shown_to_nobody_before_all_of_it_is_there() -> None:
    record = fresh()
    await record.whole(404, HEADERS, b"x" * (2 * PART_BYTES + 1))
    parts = packed(Knife(record).cut(GOOD))
    assert len(parts) == 5
    assert max(map(len, parts)) == PART_BYTES + 1
    there = fresh()
    pouring = Pouring(there)
    for part in parts[:-1]:
        await pouring.take(part)
        assert there.head is None
    await pouring.take(parts[-1])
    assert (there.head, there.body, there.over) == (record.head, record.body, True)


async def test_why_there_is_no_reply_is_told_as_it_was() -> None:
    fault = Fault(
        Kind.UPSTREAM_LIMITED,
        "too many",
        retry_after=3.5,
        detail="detail",
        reply=Reply(429, HEADERS, b"{}"),
        maybe_billed=True,
        quoted=True,
    )
    record = fresh()
    last = Last(Ending.ERROR, Cause.of(fault), True, 0)
    boxes = sealed(KEY, LED, 0, packed(Knife(record).cut(last)))
    there, _ = await poured(boxes)
    assert there.over
    assert there.head is None
    found = there.fault
    assert found is not None
    assert (found.kind, found.message, found.retry_after) == (fault.kind, "too many", 3.5)
    assert (found.detail, found.maybe_billed, found.quoted) == ("detail", True, True)
    assert found.reply == fault.reply


async def test_a_part_in_the_place_of_another_is_refused() -> None:
    record = fresh()
    await record.start(200, HEADERS)
    record.put(b"body")
    boxes = sealed(KEY, LED, 0, packed(Knife(record).cut(None)))
    assert unsealed(KEY, LED, 0, boxes[::-1]) is None
    assert unsealed(KEY, Led(b"name", "aa.2"), 0, boxes) is None
    assert unsealed(KEY, Led(b"another", "aa.1"), 0, boxes) is None
    assert unsealed(bytes(31) + b"1", LED, 0, boxes) is None
    assert b"body" not in b"".join(boxes)
