"""Who leads a flight, who follows it, and what is left: the same promises on every tower."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from headgate.store.relay import KEPT_S, LEASE_S, Heard, Led, Tower
from tests.store.relay.towers import Sky

NAME = bytes(range(16))
OURS, THEIRS, OTHERS = (Led(NAME, token) for token in ("aa.1", "bb.1", "cc.1"))


def heard(tower: Tower, flight: Led, n: int = 0) -> Heard:
    (found,) = tower.read([(flight, n)])
    return found


def test_the_first_leads_and_all_others_follow_it(sky: Sky) -> None:
    assert [sky.open().claim(it) for it in (OURS, THEIRS, OTHERS)] == ["aa.1"] * 3
    assert sky.open().claim(Led(b"another", "bb.2")) == "bb.2"


def test_of_many_that_claim_at_the_same_time_one_leads(sky: Sky) -> None:
    flights = [Led(NAME, f"{n:02}.1") for n in range(8)]
    for _ in flights:
        sky.open()
    with ThreadPoolExecutor(8) as crowd:
        said = list(crowd.map(lambda n: sky.towers[n].claim(flights[n]), range(8)))
    assert len(set(said)) == 1
    leader = int(said[0][:2])
    assert sky.towers[leader].wanted(f"{leader:02}") == {said[0]}


def test_a_leader_learns_that_it_is_followed_and_when_no_more(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    assert leader.wanted("aa") == set()
    follower.claim(THEIRS)
    assert leader.wanted("aa") == {"aa.1"}
    assert follower.wanted("bb") == set()
    follower.leave(OURS)
    assert leader.wanted("aa") == set()
    follower.claim(THEIRS)
    assert leader.wanted("aa") == {"aa.1"}
    sky.pass_time(LEASE_S + 1)
    leader.renew([OURS], [])
    assert leader.wanted("aa") == set(), "whoever followed it is dead"


def test_parts_are_read_in_order_and_from_anywhere_on(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    assert heard(follower, OURS) == Heard([], True)
    leader.publish(OURS, 0, [b"head", b"one"], over=False)
    assert heard(follower, OURS) == Heard([b"head", b"one"], True)
    leader.publish(OURS, 1, [b"one", b"two\0\xff"], over=False)  # said again: it was in doubt
    assert heard(follower, OURS, 2) == Heard([b"two\0\xff"], True)
    leader.publish(OURS, 3, [b"end"], over=True)
    assert heard(follower, OURS, 3) == Heard([b"end"], False)
    assert heard(follower, OURS) == Heard([b"head", b"one", b"two\0\xff", b"end"], False)
    follower.leave(OURS)
    assert sky.left() == 0


def test_a_long_reply_is_read_to_its_last_part(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    boxes = [b"%d" % n for n in range(100)]
    leader.publish(OURS, 0, boxes, over=True)
    found: list[bytes] = []
    alive = True
    while alive:
        news = heard(follower, OURS, len(found))
        found += news.boxes
        alive = news.alive
    assert found == boxes


def test_what_is_over_is_joined_by_nobody(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    leader.publish(OURS, 0, [b"all"], over=True)
    assert follower.claim(OTHERS) == "cc.1"
    assert heard(follower, OURS) == Heard([b"all"], False)
    follower.leave(OURS)
    assert follower.land(OTHERS)


def test_whoever_is_followed_may_not_end_before_it_has_told_all(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    assert follower.claim(THEIRS) == "aa.1"
    assert not leader.land(OURS)
    follower.leave(OURS)
    assert leader.land(OURS)
    assert follower.claim(THEIRS) == "bb.1"
    assert sky.left() == 1
    assert leader.land(OURS), "once more does nothing"
    assert leader.claim(OURS) == "bb.1"


def test_a_dead_leader_is_lost_to_its_followers_and_leaves_its_name_free(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    leader.publish(OURS, 0, [b"head"], over=False)
    sky.pass_time(LEASE_S - 3)
    leader.renew([OURS], [])
    follower.renew([], [OURS])
    sky.pass_time(LEASE_S - 3)
    assert heard(follower, OURS, 1) == Heard([], True)
    assert leader.wanted("aa") == {"aa.1"}
    sky.pass_time(4)
    assert heard(follower, OURS, 1) == Heard([], False)
    assert follower.claim(THEIRS) == "bb.1"
    leader.renew([OURS], [])
    assert heard(follower, OURS, 1) == Heard([], False), "it comes too late"
    assert heard(follower, THEIRS) == Heard([], True)
    assert leader.land(OURS)


def test_nothing_of_the_dead_stays(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    leader.publish(OURS, 0, [b"head"], over=False)
    sky.open().sweep()
    assert sky.left() == 2
    sky.pass_time(LEASE_S + KEPT_S + 1)
    sky.open().sweep()
    assert sky.left() == 0


def test_parts_of_a_flight_that_was_followed_by_the_dead_are_swept_too(sky: Sky) -> None:
    leader, follower = sky.open(), sky.open()
    leader.claim(OURS)
    follower.claim(THEIRS)
    leader.publish(OURS, 0, [b"head"], over=True)
    assert leader.claim(OTHERS) == "cc.1"
    sky.pass_time(KEPT_S + 1)
    leader.renew([OTHERS], [])
    leader.sweep()
    assert sky.left() <= 1, "no part is left"
