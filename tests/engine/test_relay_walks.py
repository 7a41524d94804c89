"""Clients come, leave, and see processes die in any order: each gets one call's reply, whole,
or its beginning and a reason; nobody hangs; and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.engine.flight import Flight
from headgate.store.relay import KEPT_S, LEASE_S
from headgate.store.relay.sql import open_sql
from headgate.wire.model import Fault, Kind
from tests.engine.test_relay import HEADERS, Process, told, until
from tests.store.relay import towers
from tests.store.relay.towers import Sky

pytestmark = pytest.mark.slow

PROCESSES, NAMES, PARTS = 3, 2, 12
WEIGHTS = {"come": 6, "leave": 3, "wait": 4, "die": 1}


class Step(NamedTuple):
    """What happens, in which process, and with which question."""

    what: str
    which: int
    amount: int


STEPS = st.builds(
    Step,
    st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
    st.integers(0, PROCESSES - 1),
    st.integers(0, NAMES - 1),
)


class Client(NamedTuple):
    """One that reads to the end, unless it leaves."""

    process: Process
    flight: Flight
    reading: asyncio.Future[bytes]


class Walk:
    """Three processes, two questions, and an upstream that never answers twice alike."""

    def __init__(self, sky: Sky) -> None:
        self.sky = sky
        self.processes = [Process(sky) for _ in range(PROCESSES)]
        self.clients: list[Client] = []
        self.said: list[bytes] = []
        self.running: Counter[bytes] = Counter()
        self.done: Counter[str] = Counter()

    async def speak(self, flight: Flight) -> None:
        """The upstream."""
        n, record = len(self.said), flight.record
        self.said.append(b"")
        self.running[flight.name] += 1
        try:
            await record.start(200, HEADERS)
            for part in range(PARTS):
                data = b"%d/%d;" % (n, part)
                self.said[n] += data
                record.put(data)
                await asyncio.sleep(0.02)
            self.said[n] += b"end"
            await record.end(b"end")
        finally:
            self.running[flight.name] -= 1

    async def take(self, step: Step) -> None:
        process = self.processes[step.which]
        match step.what:
            case "come":
                flight = process.join(self.speak, b"question %d" % step.amount)
                reading = asyncio.ensure_future(told(flight, 20))
                self.clients.append(Client(process, flight, reading))
                await asyncio.sleep(0)  # as between two clients of a server
            case "leave":
                mine = [client for client in self.clients if client.process is process]
                for client in mine[: 1 + step.amount]:
                    self.clients.remove(client)
                    client.reading.cancel()
                    client.flight.leave()
            case "die":
                await self.die(step.which)
            case _:
                await asyncio.sleep(0.06 * (1 + step.amount))

    async def die(self, which: int) -> None:
        """With all its clients; how long others wait for it is not waited for."""
        gone, self.processes[which] = self.processes[which], Process(self.sky)
        for client in [client for client in self.clients if client.process is gone]:
            self.clients.remove(client)
            client.reading.cancel()
        self.done["led at death"] += len(gone.relay._led)
        await gone.die()
        for task in gone.flights._tasks:
            task.cancel()
        await asyncio.to_thread(self.expire, gone.relay.process)
        gone.relay._errands._thread.shutdown(wait=False)
        gone.relay._ear._thread.shutdown(wait=False)

    def expire(self, process: str) -> None:
        """Its leases run out."""
        with contextlib.closing(open_sql(self.sky.place)) as tower:
            tower._connection.execute(
                "UPDATE flight SET lease_us = 1 WHERE leader LIKE ?", (process + ".%",)
            )

    async def finish(self) -> None:
        for client in self.clients:
            body = await client.reading
            fault = client.flight.record.fault
            if fault is None:
                assert body in self.said, "it is one call's, and whole"
                assert body.endswith(b"end")
                self.done["whole"] += 1
            else:
                self.check_fault(fault, body)
            client.flight.leave()
        await until(lambda: not self.running.total())
        for process in self.processes:
            await process.close()

    def check_fault(self, fault: Fault, body: bytes) -> None:
        assert fault.kind is Kind.BUSY
        assert any(said.startswith(body) for said in self.said)
        self.done["told why not"] += 1

    def forget_the_dead(self) -> int:
        """What is left after a while."""
        self.sky.pass_time(LEASE_S + KEPT_S + 1)
        self.sky.towers[0].sweep()
        return self.sky.left()


def test_every_client_gets_one_calls_reply_or_learns_why_not(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    done: Counter[str] = Counter()
    with towers.sky("sqlite", request, tmp_path) as sky:

        async def go(steps: list[Step]) -> None:
            walk = Walk(sky)
            for step in steps:
                await walk.take(step)
            await walk.finish()
            done.update(walk.done)
            done["clients"] += len(walk.clients)
            done["asked"] += len(walk.said)

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(STEPS, min_size=8, max_size=24))
        def run(steps: list[Step]) -> None:
            asyncio.run(go(steps))
            sky.towers.clear()
            sky.open()
            assert Walk(sky).forget_the_dead() == 0
            sky.close()

        run()
    assert done["whole"] > 20, done
    assert done["asked"] < done["clients"], done
