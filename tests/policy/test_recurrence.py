"""Which prefixes came when, and whether those that were new came again."""

from __future__ import annotations

import pytest

from headgate.policy.recurrence import SLOWEST_S, Family, Life, Recurrence, Slot

WHO = ("key", "model")


def slot(prefix: bytes, before: bytes = b"") -> Slot:
    return Slot("turns", prefix, 5000, before, 4000)


def test_a_conversation_is_one_thing_that_comes_again_with_every_turn() -> None:
    known = Recurrence()
    first, family = known.note(WHO, slot(b"1"), 0)
    assert first.is_new
    second, _ = known.note(WHO, slot(b"2", b"1"), 100)
    third, _ = known.note(WHO, slot(b"3", b"2"), 500)
    assert first.returns is second.returns is third.returns
    assert first.returns.within["5m"].so == pytest.approx(1, abs=0.01)
    assert first.returns.within["1h"].so == pytest.approx(2, abs=0.02)
    assert not any(it.is_new for it in (first, second, third))
    assert family.firsts.within["5m"].so == 1


def test_what_is_new_and_does_not_come_again_is_held_against_its_family() -> None:
    known = Recurrence()
    prefix, family = known.note(WHO, slot(b"a"), 0)
    family.wait(prefix)
    family.wait(prefix)
    assert family.unread == 1
    known.note(WHO, slot(b"b"), 299)
    assert family.firsts.within["5m"].count == 0
    known.note(WHO, slot(b"c"), 300)
    assert (family.firsts.within["5m"].count, family.unread) == (1, 0)
    known.note(WHO, slot(b"c"), 3599)
    assert family.seen("1h") == (1, 3), "b may come again yet, and counts as if it did not"
    known.note(WHO, slot(b"c"), 3900)
    hour = family.firsts.within["1h"]
    assert hour.so == pytest.approx(1, abs=0.02), (
        "c came again within the hour, a and b did not"
    )
    assert hour.count == pytest.approx(3, abs=0.06)
    assert family.firsts.within["5m"].so == 0


def test_an_entry_that_was_gone_is_trusted_less_until_time_has_passed() -> None:
    family = Recurrence().note(WHO, slot(b"a"), 0)[1]
    assert family.trust == 1
    family.kept.add(False)
    assert family.trust == pytest.approx(1 / 3)
    for _ in range(3000):
        family.kept.fade()
    assert family.trust > 0.9


def test_a_bounded_number_is_remembered_and_the_oldest_is_forgotten() -> None:
    known = Recurrence(10)
    for n in range(200):
        known.note((f"key {n}",), slot(b"%d" % n), n / 100)
    assert len(known) == 10
    assert known.of(b"189") is None
    assert known.of(b"190") is not None


def test_clocks_of_several_machines_that_disagree_make_no_gap_negative() -> None:
    known = Recurrence()
    prefix, _ = known.note(WHO, slot(b"a"), 100)
    known.note(WHO, slot(b"a"), 50)
    assert prefix.last == 100
    assert prefix.returns.within["5m"].so == 1


def test_an_entry_lives_on_with_every_read_and_can_be_read_once_its_reply_has_begun() -> None:
    life, begun = Life(), False
    assert not life.is_alive(0)
    life.write("5m", 0, lambda now: begun)
    assert life.in_flight(10)
    begun = True
    assert not life.in_flight(10)
    assert life.is_alive(298)
    life.read(200)
    assert life.is_alive(498)
    assert not life.is_alive(500)
    life.end()
    assert not life.is_alive(201)


def test_what_gets_no_answer_holds_nobody_up_for_ever() -> None:
    life = Life()
    life.write("1h", 0, lambda now: False)
    assert life.in_flight(SLOWEST_S)
    assert not life.in_flight(SLOWEST_S + 1)


def test_a_family_forgets_what_it_waits_for_once() -> None:
    known, family = Recurrence(), Family()
    prefix, _ = known.note(WHO, slot(b"a"), 0)
    family.wait(prefix)
    prefix.settle()
    prefix.settle()
    assert family.unread == 0


def test_who_wrote_something_new_stops_waiting_for_it_whoever_brings_it_again() -> None:
    known = Recurrence()
    prefix, writer = known.note(("key a", "model"), slot(b"s"), 0)
    writer.wait(prefix)
    _, reader = known.note(("key b", "model"), slot(b"s"), 10)
    assert (writer.unread, reader.unread) == (0, 0)
    assert writer.seen("1h") == (1, 1)


def test_what_comes_before_a_reply_has_begun_proves_nothing_of_what_it_writes() -> None:
    known = Recurrence()
    for at in range(0, 80_000, 4_000):
        known.note(WHO, slot(b"s"), at, (at + 2.0).__le__)
        known.note(WHO, slot(b"s"), at + 0.1, (at + 2.1).__le__)
    prefix, _ = known.note(WHO, slot(b"s"), 80_000, (80_002.0).__le__)
    assert prefix.returns.within["1h"].so == prefix.returns.within["5m"].so == 0
    known.note(WHO, slot(b"s"), 80_002.5)
    assert prefix.returns.within["5m"].so == 1, "it could have read"


def test_what_comes_beside_a_first_call_reads_what_outlived_the_pause_before_it() -> None:
    known = Recurrence()
    for at in range(0, 6_000, 600):
        for beside in range(5):
            known.note(WHO, slot(b"s"), at + beside / 100, (at + 2.0).__le__)
    prefix, _ = known.note(WHO, slot(b"s"), 6_000)
    hour = prefix.returns.within["1h"]
    assert hour.so == hour.count > 38
    assert prefix.returns.within["5m"].so == 0
