"""The table of keyed calls: who has a key, and what became of whoever had it."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.policy.keyed import State
from headgate.store import outcome as table
from headgate.store.outcome import Claim, Ended, Found, Fresh, Run, Running, Unknown
from headgate.store.place import Place, connect
from headgate.store.sql import Connection, on_file, transaction
from tests.stores import sign_in

NOW = 1_700_000_000_000_000
LEASE, KEPT = 60_000_000, 86_400_000_000
NAME = b"n" * 32


def claim(call_id: str = "a", *, owner: int = 1, asked: bytes = b"q", rerun: str = "") -> Claim:
    return Claim(NAME, asked, call_id, owner, LEASE, KEPT, rerun)


def taken(connection: Connection, asked: Claim, now_us: int = NOW) -> Found:
    with transaction(connection):
        return table.take(connection, asked, now_us)


def sent(connection: Connection, call_id: str, at_us: int = NOW) -> None:
    assert table.send(connection, Run(NAME, call_id, at_us))


def ended(
    connection: Connection, call_id: str, state: State, reply: bytes | None = None
) -> None:
    table.end(connection, Run(NAME, call_id, NOW), state, reply, NOW + KEPT)


@pytest.fixture
def keys(connection: Connection) -> Connection:
    """A connection, with two processes signed in."""
    sign_in(connection, 1, 2)
    return connection


def test_the_first_has_the_key_and_the_next_hears_who_has_it(keys: Connection) -> None:
    assert table.look(keys, claim(), NOW) is None
    assert taken(keys, claim("a")) == Fresh(NOW)
    assert taken(keys, claim("b", owner=2)) == Running("a")
    assert table.look(keys, claim("b"), NOW) == Running("a")


def test_the_same_key_with_another_request_is_told_apart_in_every_state(
    keys: Connection,
) -> None:
    taken(keys, claim("a"))
    assert taken(keys, claim("b", asked=b"other")) == "mismatch"
    for state in (State.DONE, State.UNKNOWN):
        ended(keys, "a", state, b"box")
        assert taken(keys, claim("b", asked=b"other", rerun="a")) == "mismatch"


def test_what_was_answered_is_given_again_for_as_long_as_it_is_kept(keys: Connection) -> None:
    taken(keys, claim("a"))
    ended(keys, "a", State.DONE, b"box")
    assert taken(keys, claim("b"), NOW + KEPT - 1) == Ended("a", b"box")
    assert taken(keys, claim("b", rerun="a"), NOW + 1) == Ended("a", b"box")
    assert taken(keys, claim("b"), NOW + KEPT) == Fresh(NOW + KEPT)


def test_what_was_turned_away_leaves_the_key_to_the_next(keys: Connection) -> None:
    taken(keys, claim("a"))
    sent(keys, "a")
    ended(keys, "a", State.ABSENT)
    assert taken(keys, claim("b")) == Fresh(NOW)


def test_an_unknown_outcome_stands_in_the_way_until_it_is_named(keys: Connection) -> None:
    taken(keys, claim("a"))
    ended(keys, "a", State.UNKNOWN)
    for rerun in ("", "b", "other"):
        assert taken(keys, claim("b", rerun=rerun)) == Unknown("a", answered=False)
    assert taken(keys, claim("b", rerun="a"), NOW + 1) == Fresh(NOW + 1)
    assert taken(keys, claim("c", rerun="a"), NOW + 2) == Running("b")


def test_an_answer_that_was_too_long_to_be_kept_is_said_to_have_been_one(
    keys: Connection,
) -> None:
    taken(keys, claim("a"))
    ended(keys, "a", State.DONE)
    assert taken(keys, claim("b")) == Unknown("a", answered=True)
    assert taken(keys, claim("b", rerun="a"), NOW + 1) == Fresh(NOW + 1)


def test_a_run_whose_lease_is_over_has_an_unknown_outcome(keys: Connection) -> None:
    taken(keys, claim("a"))
    sent(keys, "a")
    assert taken(keys, claim("b"), NOW + LEASE - 1) == Running("a")
    assert taken(keys, claim("b"), NOW + LEASE) == Unknown("a", answered=False)
    assert table.look(keys, claim("b"), NOW + LEASE) == Unknown("a", answered=False)


def test_a_run_whose_process_is_gone_has_one_at_once(keys: Connection) -> None:
    taken(keys, claim("a", owner=2))
    sent(keys, "a")
    keys.execute("DELETE FROM owner WHERE n = 2")
    assert taken(keys, claim("b")) == Unknown("a", answered=False)
    assert taken(keys, claim("b", rerun="a"), NOW + 1) == Fresh(NOW + 1)


def test_a_run_that_was_never_sent_leaves_its_key_and_is_sent_no_more(keys: Connection) -> None:
    taken(keys, claim("a", owner=2))
    assert taken(keys, claim("b")) == Running("a")
    keys.execute("DELETE FROM owner WHERE n = 2")
    assert table.look(keys, claim("b"), NOW + 1) is None
    assert taken(keys, claim("b"), NOW + 1) == Fresh(NOW + 1)
    assert not table.send(keys, Run(NAME, "a", NOW))
    sent(keys, "b", NOW + 1)
    assert not table.send(keys, Run(NAME, "b", NOW + 1)), "it was sent"


def test_who_says_that_it_runs_is_believed_whatever_its_process_is_called_now(
    keys: Connection,
) -> None:
    taken(keys, claim("a", owner=2))
    sent(keys, "a")
    keys.execute("DELETE FROM owner WHERE n = 2")
    table.renew(keys, [Run(NAME, "a", NOW)], 1, NOW + 3 * LEASE)
    assert taken(keys, claim("b"), NOW + 2 * LEASE) == Running("a")
    assert taken(keys, claim("b"), NOW + 3 * LEASE) == Unknown("a", answered=False)
    assert taken(keys, claim("b"), NOW + 3 * LEASE + KEPT - 1) == Unknown("a", answered=False)
    assert taken(keys, claim("b"), NOW + 3 * LEASE + KEPT) == Fresh(NOW + 3 * LEASE + KEPT)


def test_whoever_was_taken_for_dead_may_still_say_how_it_ended(keys: Connection) -> None:
    taken(keys, claim("a", owner=2))
    sent(keys, "a")
    keys.execute("DELETE FROM owner WHERE n = 2")
    ended(keys, "a", State.DONE, b"box")
    assert taken(keys, claim("b")) == Ended("a", b"box")


def test_a_run_says_nothing_of_the_one_that_took_its_place(keys: Connection) -> None:
    """Even where both bear the id that their client chose."""
    taken(keys, claim("a"))
    ended(keys, "a", State.UNKNOWN)
    assert taken(keys, claim("a", rerun="a"), NOW + 1) == Fresh(NOW + 1)
    for state in (State.DONE, State.UNKNOWN, State.ABSENT):
        ended(keys, "a", state, b"box")
    table.renew(keys, [Run(NAME, "a", NOW)], 1, NOW + 9 * LEASE)
    assert not table.send(keys, Run(NAME, "a", NOW))
    sent(keys, "a", NOW + 1)
    assert taken(keys, claim("b"), NOW + 2) == Running("a")
    assert taken(keys, claim("b"), NOW + 1 + LEASE) == Unknown("a", answered=False)


def test_only_what_is_too_old_is_swept(keys: Connection) -> None:
    for n in range(table.SWEPT_AT_ONCE + 3):
        taken(keys, claim(f"c{n}")._replace(name=b"%32d" % n, kept_us=n * 10))
    late = NOW + LEASE + 10 * (table.SWEPT_AT_ONCE + 1)
    assert table.sweep(keys, NOW + LEASE - 1) == 0
    assert table.sweep(keys, late) == table.SWEPT_AT_ONCE
    assert table.sweep(keys, late) == 2
    assert table.sweep(keys, late) == 0
    assert keys.execute("SELECT count(*) FROM keyed").fetchone()[0] == 1


def test_time_is_the_servers_where_there_is_one(keys: Connection) -> None:
    assert (table.now_us(keys, 5) == 5) == on_file(keys)


def test_of_many_at_once_one_has_the_key(keys: Connection, store: Place) -> None:
    found: Counter[str] = Counter()
    ready = threading.Barrier(6)

    def try_all(worker: int) -> None:
        with contextlib.closing(connect(store)) as own:
            ready.wait()
            for n in range(20):
                mine = claim(f"{worker}")._replace(name=b"%32d" % n)
                answer = taken(own, mine)
                if isinstance(answer, Fresh):
                    found[f"fresh {n}"] += 1
                else:
                    assert isinstance(answer, Running)

    threads = [threading.Thread(target=try_all, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {f"fresh {n}": 1 for n in range(20)}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["take", "rerun", "send", "done", "unknown", "absent", "renew", "wait", "die"]
        ),
        st.integers(0, 3),
    ),
    max_size=30,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_nothing_is_sent_twice_that_nobody_asked_to_run_anew(
    keys: Connection, steps: list[tuple[str, int]]
) -> None:
    """Whatever processes do: a second sending follows a clear end, a rerun, or a day."""
    keys.execute("DELETE FROM keyed")
    keys.execute("DELETE FROM owner")
    sign_in(keys, 1)
    now, runs, reruns = NOW, list[Run](), set[str]()
    out: Run | None = None
    """the last one that was sent and of which nobody knows that it did not run"""
    for n, (step, size) in enumerate(steps):
        now += 1
        run = runs[-1 - size % len(runs)] if runs else None
        if step in ("take", "rerun"):
            named = runs[-1].call_id if step == "rerun" and runs else ""
            if isinstance(found := taken(keys, claim(f"c{n}", rerun=named), now), Fresh):
                runs.append(Run(NAME, f"c{n}", found.at_us))
                reruns |= {f"c{n}"} if named else set()
        elif step == "wait":
            now += (1, LEASE // 2, LEASE, KEPT)[size]
        elif step == "die":
            keys.execute("DELETE FROM owner")
        elif run is not None and step == "send":
            if table.send(keys, run):
                assert out is None or run.call_id in reruns or now - out.at_us >= KEPT
                out = run
        elif run is not None and step == "renew":
            table.renew(keys, [run], 1, now + LEASE)
        elif run is not None:
            table.end(keys, run, State(step), b"box", now + KEPT)
            out = None if step == "absent" and run == out else out
