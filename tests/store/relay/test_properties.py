"""Whatever leaders and followers do and however they die, a follower gets a flight's parts from
the first to the last, or learns that it is lost; and nothing is left behind.

The same steps are taken on every tower.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.store.relay import KEPT_S, LEASE_S, Led, redis
from tests.store.relay.towers import Sky

PROCESSES = 4
NAMES = 2
tokens = itertools.count(1)
runs = itertools.count()

WEIGHTS = {
    "ask": 12,
    "say": 12,
    "read": 12,
    "end": 5,
    "leave": 3,
    "abandon": 2,
    "die": 2,
    "pass_time": 3,
    "outlast": 1,
    "sweep": 2,
}


class Step(NamedTuple):
    """Something that happens, in which process, and with what."""

    what: str
    which: int
    amount: int


STEPS = st.builds(
    Step,
    st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
    st.integers(0, PROCESSES - 1),
    st.integers(0, 5),
)


@dataclass
class Leading:
    """What a flight of this process has said, and how much of it was written."""

    flight: Led
    said: list[bytes] = field(default_factory=list)
    written: int = 0


@dataclass
class Following:
    flight: Led
    heard: list[bytes] = field(default_factory=list)


@dataclass
class Process:
    """One that leads and follows as a relay does: of one name only one at a time."""

    name: str
    led: dict[bytes, Leading] = field(default_factory=dict)
    followed: dict[bytes, Following] = field(default_factory=dict)


class Traffic:
    """Four processes that ask two questions again and again."""

    def __init__(self, sky: Sky) -> None:
        self.sky = sky
        while len(sky.towers) < PROCESSES:
            sky.open()
        sky.clear()
        run = next(runs)
        self.processes = [Process(f"p{run}x{n}") for n in range(PROCESSES)]
        self.names = [b"%d %d" % (run, n) for n in range(NAMES)]
        self.flights: dict[str, Leading] = {}
        self.over: set[str] = set()
        self.idle_s: Counter[str] = Counter()
        """for how long nobody has renewed the lease of a flight"""
        self.done: Counter[str] = Counter()

    def take(self, step: Step) -> None:
        getattr(self, step.what)(step.which, step.amount)
        self.check()

    # ---- what happens

    def ask(self, which: int, amount: int) -> None:
        process, name = self.processes[which], self.names[amount % NAMES]
        if name in process.led or name in process.followed:
            return  # it is joined within the process
        mine = Led(name, f"{process.name}.{next(tokens)}")
        token = self.sky.towers[which].claim(mine)
        self.done["ask"] += 1
        if token == mine.token:
            rivals = [p.led[name].flight.token for p in self.processes if name in p.led]
            assert all(self.idle_s[rival] >= LEASE_S for rival in rivals), "two lead"
            process.led[name] = self.flights[token] = Leading(mine)
            return
        assert token in self.flights
        assert token not in self.over
        assert self.idle_s[token] < LEASE_S
        process.followed[name] = Following(Led(name, token))

    def say(self, which: int, amount: int) -> None:
        for leading in self.processes[which].led.values():
            leading.said += [b"%d of %d" % (n, next(tokens)) for n in range(amount + 1)]
            if leading.flight.token in self.sky.towers[which].wanted(
                self.processes[which].name
            ):
                self.write(which, leading, over=False, again=amount % 2)

    def write(self, which: int, leading: Leading, *, over: bool, again: int = 0) -> None:
        first = max(leading.written - again, 0)  # what is in doubt is said again
        boxes = leading.said[first:]
        self.sky.towers[which].publish(leading.flight, first, boxes, over=over)
        leading.written = len(leading.said)
        self.done["write"] += 1

    def read(self, which: int, _: int) -> None:
        process = self.processes[which]
        asks = [(each.flight, len(each.heard)) for each in process.followed.values()]
        if not asks:
            return
        found = self.sky.towers[which].read(asks)
        for each, news in zip(list(process.followed.values()), found, strict=True):
            each.heard += news.boxes
            said = self.flights[each.flight.token].said
            assert each.heard == said[: len(each.heard)]
            if not news.alive:
                self.learn(which, each)

    def learn(self, which: int, each: Following) -> None:
        """There will be no more of it: it is whole, or lost because its leader is."""
        token = each.flight.token
        if token in self.over and self.idle_s[token] < LEASE_S:
            assert each.heard == self.flights[token].said
            self.done["whole"] += 1
        elif self.idle_s[token] >= LEASE_S:
            self.done["lost"] += 1
        else:
            raise AssertionError(f"{token} is led and counts as lost")
        self.leave_one(which, each)

    def end(self, which: int, amount: int) -> None:
        process = self.processes[which]
        for name, leading in list(process.led.items())[: amount + 1]:
            token = leading.flight.token
            leading.said.append(b"the end")
            followers = [
                it
                for p in self.processes
                if (it := p.followed.get(name)) is not None and it.flight.token == token
            ]
            free = self.sky.towers[which].land(leading.flight)
            if self.idle_s[token] < LEASE_S:
                assert not (free and followers), "somebody is owed it"
            if not free:
                self.write(which, leading, over=True)
            self.over.add(token)
            del process.led[name]

    def leave(self, which: int, _: int) -> None:
        for each in list(self.processes[which].followed.values()):
            self.leave_one(which, each)

    def leave_one(self, which: int, each: Following) -> None:
        self.sky.towers[which].leave(each.flight)
        del self.processes[which].followed[each.flight.name]

    def abandon(self, which: int, _: int) -> None:
        """The last client here is gone: it ends, unless it is wanted elsewhere."""
        process = self.processes[which]
        for name, leading in list(process.led.items()):
            if self.sky.towers[which].land(leading.flight):
                self.over.add(leading.flight.token)
                del process.led[name]

    def die(self, which: int, _: int) -> None:
        process = self.processes[which]
        self.done["death"] += bool(process.led) + bool(process.followed)
        self.processes[which] = Process(f"{process.name}d")

    def pass_time(self, _: int, amount: int) -> None:
        """Less than a lease, and the living renew theirs."""
        self.sky.pass_time(amount + 1)
        self.idle_s.update(dict.fromkeys(self.flights, amount + 1))
        self.renew()

    def renew(self) -> None:
        for which, process in enumerate(self.processes):
            led = [each.flight for each in process.led.values()]
            followed = [each.flight for each in process.followed.values()]
            self.sky.towers[which].renew(led, followed)
            for flight in led:
                if self.idle_s[flight.token] < LEASE_S:
                    self.idle_s[flight.token] = 0

    def outlast(self, which: int, _: int) -> None:
        """Everybody is silent for longer than a lease, as if stopped."""
        self.sky.pass_time(LEASE_S + 1)
        self.idle_s.update(dict.fromkeys(self.flights, int(LEASE_S) + 1))

    def sweep(self, which: int, _: int) -> None:
        self.sky.towers[which].sweep()

    # ---- what always holds

    def check(self) -> None:
        for name in self.names:
            led = [p.led[name].flight.token for p in self.processes if name in p.led]
            assert len([token for token in led if self.idle_s[token] < LEASE_S]) <= 1

    def finish(self) -> None:
        """Who can end does, and every follower learns of it; after a while nothing is left."""
        for which in range(PROCESSES):
            self.end(which, NAMES)
        self.read_all()
        self.outlast(0, 0)
        self.read_all()
        assert not any(process.followed for process in self.processes)
        self.sky.pass_time(KEPT_S + 1)
        self.sky.towers[0].sweep()
        assert self.sky.left() == 0
        for name in self.names:
            last = Led(name, f"last.{next(tokens)}")
            assert self.sky.towers[0].claim(last) == last.token

    def read_all(self) -> None:
        longest = max((len(each.said) for each in self.flights.values()), default=0)
        for _ in range(2 + longest // 16):
            for which in range(PROCESSES):
                self.read(which, 0)


def run(sky: Sky, examples: int, steps: int) -> Counter[str]:
    done: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=steps // 2, max_size=steps))
    def walk(taken: list[Step]) -> None:
        traffic = Traffic(sky)
        for step in taken:
            traffic.take(step)
        traffic.finish()
        done.update(traffic.done)

    walk()
    return done


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "BLOCK_MS", 1)


@pytest.mark.slow
def test_followers_get_all_of_it_in_order_or_learn_that_it_is_lost(sky: Sky) -> None:
    done = run(sky, 80, 60)
    assert min(done[name] for name in ("write", "whole", "lost", "death")) > 5, done


@pytest.mark.soak
def test_the_same_in_many_long_runs(sky: Sky) -> None:
    run(sky, 300, 150)
