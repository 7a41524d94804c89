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
from tests.store.bank.spender import ACCOUNT, LEAST, POT
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


def hammer(world: World, deaths: int, cap: int) -> None:
    dice = random.Random(7)  # noqa: S311 - the same moments at every run
    left, end = deaths, time.monotonic() + 60 + 10 * deaths
    with crew(world, cap) as workers:
        for _ in range(WORKERS):
            workers.start()
        while not world.spent(ACCOUNT, DAY, DAY):
            assert time.monotonic() < end, "no process came to spend anything"
            time.sleep(0.05)
        forget_at = time.monotonic() + FORGET_S / 3
        while left:
            assert time.monotonic() < end, f"{left} of {deaths} processes spent nothing"
            pause = time.monotonic() + dice.random()
            while time.monotonic() < pause:
                assert world.spent(ACCOUNT, DAY, DAY) <= cap
                time.sleep(0.05)
            spenders = at_it(world, workers, cap)
            if spenders:
                workers.kill(dice.choice(spenders))
                workers.start()
                left -= 1
            if time.monotonic() > forget_at:
                world.forget()
                forget_at += FORGET_S
        for _ in range(WORKERS):
            workers.kill(0)
    took_s, spent = reclaimed(world, cap), world.spent(ACCOUNT, DAY, DAY)
    print(f"{world.kind}: {deaths} killed, {spent} of {cap} spent, reclaimed in {took_s:.1f} s")
    assert took_s < KNOWN_DEAD_S
    assert 0 < spent <= cap


def at_it(world: World, workers: Crew, cap: int) -> list[int]:
    """Which of the processes have spent something, or would if anything were left."""
    rows = world.connection.execute(
        "SELECT DISTINCT pid FROM owner LEFT JOIN lease ON lease.owner = owner.n"
        " WHERE lease.account = ? OR lease.account LIKE '(bank)%'"
        " OR CAST(? AS BIGINT) < ?",
        (POT, cap - world.spent(ACCOUNT, DAY, DAY), LEAST),
    )
    pids = {pid for (pid,) in rows.fetchall()}
    return [n for n, process in enumerate(workers.running) if process.pid in pids]


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
                    and not others(world, writer.owner_n)
                    and left == cap - world.spent(ACCOUNT, DAY, DAY)
                ):
                    break
            time.sleep(0.1)
        return time.monotonic() - began
    finally:
        bank.close()
        writer.close()


def others(world: World, but: int) -> int:
    row = world.connection.execute("SELECT count(*) FROM owner WHERE n <> ?", (but,)).fetchone()
    return int(row[0])


@pytest.mark.slow
@pytest.mark.e2e
def test_processes_that_are_killed_pass_no_cap_and_block_nothing(world: World) -> None:
    hammer(world, 6, 10_000)


@pytest.mark.soak
def test_hundreds_of_processes_are_killed(world: World) -> None:
    hammer(world, 300, 500_000)
