"""Real processes spend of one pot and are killed at random: the cap holds, and all that the
dead held can be had again once they are known to be dead."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from headgate.ledger.owner import DEAD_S
from headgate.ledger.writer import Writer
from headgate.policy.cap import Span
from headgate.store.bank import BankError, Stock
from headgate.store.bank.open import open_bank
from headgate.store.server import Server
from tests.shape.tree import ROOT
from tests.store.bank.spender import ACCOUNT, POT
from tests.store.bank.world import World

DAY = 20_050
WORKERS = 4
FORGET_S = 15.0
"""Redis loses everything as often; for it to grant again, all who held must be known dead"""
KNOWN_DEAD_S = 2 * DEAD_S + 3
"""silent for so long one is dead; a process that has just started judges nobody sooner"""


class Crew:
    """The processes that spend."""

    def __init__(self, world: World, cap: int) -> None:
        where = world.place.url if isinstance(world.place, Server) else str(world.place)
        redis_url = world.redis.url if world.redis is not None else ""
        arguments = [where, redis_url, str(DAY), str(cap)]
        self.command = [sys.executable, "-m", "tests.store.bank.spender", *arguments]
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self.running.append(subprocess.Popen(self.command, cwd=ROOT))

    def kill(self, which: int) -> None:
        process = self.running.pop(which)
        process.kill()
        assert process.wait() == -9, "it ended by itself"


@contextlib.contextmanager
def crew(world: World, cap: int) -> Iterator[Crew]:
    it = Crew(world, cap)
    try:
        yield it
    finally:
        for process in it.running:
            process.kill()
            process.wait()


def hammer(world: World, seconds: float, cap: int) -> None:
    dice = random.Random(7)  # noqa: S311 - the same moments at every run
    spent, deaths, end = 0, 0, time.monotonic() + seconds
    with crew(world, cap) as workers:
        for _ in range(WORKERS):
            workers.start()
        kill_at = time.monotonic() + 2
        forget_at = time.monotonic() + 3 * seconds % FORGET_S / 2
        while time.monotonic() < end:
            time.sleep(0.05)
            spent = world.spent(ACCOUNT, DAY, DAY)
            assert spent <= cap
            if time.monotonic() > kill_at:
                workers.kill(dice.randrange(WORKERS))
                workers.start()
                deaths += 1
                kill_at = time.monotonic() + dice.random() * 1.5
            if time.monotonic() > forget_at:
                world.forget()
                forget_at += FORGET_S
        for _ in range(WORKERS):
            workers.kill(0)
    assert deaths >= 3
    assert spent > 50, "hardly anything was spent: this shows nothing"
    took_s = reclaimed(world, cap)
    print(f"{world.kind}: {deaths} killed, {spent} of {cap} spent, reclaimed in {took_s:.1f} s")
    assert took_s < KNOWN_DEAD_S
    assert world.spent(ACCOUNT, DAY, DAY) <= cap


def reclaimed(world: World, cap: int) -> float:
    """How long it takes until all that is not spent can be had by one."""
    began = time.monotonic()
    writer = Writer(world.place)
    writer.start()
    url = world.redis.url if world.redis is not None else ""
    bank = open_bank(world.place, writer.owner_n, url)
    try:
        while time.monotonic() - began < 3 * KNOWN_DEAD_S:
            left = cap - world.spent(ACCOUNT, DAY, DAY)
            stock = Stock(POT, ACCOUNT, Span(DAY, DAY), cap, left, left)
            with contextlib.suppress(BankError):
                if (
                    bank.exchange([stock])[0].granted == left
                    and not open_calls(world, writer.owner_n)
                    and left == cap - world.spent(ACCOUNT, DAY, DAY)
                ):
                    break
            time.sleep(0.1)
        return time.monotonic() - began
    finally:
        bank.close()
        writer.close()


def open_calls(world: World, but: int) -> int:
    row = world.connection.execute("SELECT count(*) FROM owner WHERE n <> ?", (but,)).fetchone()
    return int(row[0])


@pytest.mark.slow
@pytest.mark.e2e
def test_processes_that_are_killed_pass_no_cap_and_block_nothing(world: World) -> None:
    hammer(world, 9, 2_000)


@pytest.mark.soak
def test_processes_are_killed_for_five_minutes(world: World) -> None:
    hammer(world, 300, 500_000)
