"""Shares running calls with other processes: who asks the upstream, and who follows.

Rule 1: a call is claimed before it is sent. Whoever claims first asks; the others are given its
reply as it comes, out of its process, and none of them asks.
Rule 2: nothing is published before somebody follows: then all there is, and what comes.
Rule 3: a leader that dies is lost: a call of which nobody here has read anything is claimed
anew, any other ends with a fault.
Rule 4: a tower that cannot be asked is no reason to refuse a call, or to let it wait: it goes
on alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from headgate.engine.flight import Afar, Flight
from headgate.engine.parcel import Cause, Knife, Last, Pouring, packed, sealed, unsealed
from headgate.store.relay import KEPT_S, LEASE_S, RENEW_S, Led, RelayError, Tower
from headgate.wire.model import Ending, Fault, Kind

CLAIM_S = 1.0
"""how long a call waits to learn whether another process runs it already"""
TICK_S = 0.02
"""how often what is new of a reply goes out to those that follow it"""
LOOK_S = 0.1
"""how often it is looked whether anybody follows"""
AFTER_FAILURE_S = 2.0
TRIES = 3
"""leaders that a call may lose before it goes on alone"""
FAREWELL_S = 2.0
_LOST = (
    "the Headgate process that asked the upstream ended before the answer was complete: send"
    " the call again"
)

T = TypeVar("T")


class Line:
    """A thread with a tower of its own, opened when it is needed."""

    def __init__(self, name: str, opened: Callable[[], Tower]) -> None:
        self._opened = opened
        self._tower: Tower | None = None
        self._thread = ThreadPoolExecutor(1, name)

    def ask(self, job: Callable[[Tower], T]) -> asyncio.Future[T]:
        """What the job says; one after the other. RelayError: the tower cannot be asked."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._do, job)

    def _do(self, job: Callable[[Tower], T]) -> T:
        if self._tower is None:
            self._tower = self._opened()
        try:
            return job(self._tower)
        except RelayError:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        tower, self._tower = self._tower, None
        if tower is not None:
            tower.close()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._hang_up)
        self._thread.shutdown(wait=False)


@dataclass(slots=True, eq=False)
class Leading:
    """A flight of this process that others may follow."""

    led: Led
    key: bytes
    flight: Flight
    knife: Knife
    n: int = 0
    """of the next part"""
    parts: list[bytes] = field(default_factory=list)
    """cut, and not known to be written"""
    ended: bool = False
    """is the last part among them"""
    wanted: bool = False
    leaving: bool = False
    """nobody here reads it any more"""
    free: bool = False
    """nobody can follow it any more"""

    @property
    def over(self) -> bool:
        return self.flight.record.over


@dataclass(slots=True, eq=False)
class Following:
    """A flight of another process that this one reads."""

    led: Led
    key: bytes
    flight: Flight
    news: asyncio.Queue[tuple[list[bytes], bool]]
    """parts, and whether there may be more"""
    n: int = 0
    """of the next part"""


class Round(NamedTuple):
    """What the tower is told and asked at one time."""

    sweep: bool
    look: bool
    renewing: list[Led]
    keeping: list[Led]
    landing: list[Leading]
    publishing: list[Leading]


class Relay:
    """One process's way to the flights of the others."""

    def __init__(
        self,
        opened: Callable[[], Tower],
        on_trouble: Callable[[str], None],
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.process = secrets.token_hex(8)
        self.trouble = ""
        """why calls go on alone; empty: they do not"""
        self._on_trouble = on_trouble
        self._settle = settle
        """makes known what calls that are over had cost"""
        self._errands = Line("relay", opened)
        self._ear = Line("relay-reads", opened)
        self._count = 0
        self._led: dict[str, Leading] = {}
        self._followed: set[Following] = set()
        self._wake = asyncio.Event()
        self._due = {"renew": 0.0, "look": 0.0, "sweep": 0.0}
        self._asked_again_at = 0.0
        self._heard_at = 0.0
        self._runner: asyncio.Future[None] | None = None
        self._listener: asyncio.Future[None] | None = None

    async def fly(
        self, flight: Flight, key: bytes, lead: Callable[[], Awaitable[None]]
    ) -> Afar | None:
        """Fill the flight's record: with another process's reply, of which it says how it
        ended, or by leading here.

        `key`: what the reply is sealed with, known to whoever asks the same.
        """
        for _ in range(TRIES):
            led = await self._claim(flight.name)
            if led is None:
                break
            if led.token.startswith(f"{self.process}."):
                await self._lead(led, flight, key, lead)
                return None
            last = await self._follow(led, flight, key)
            if last is not None:
                return last.afar()
            if flight.record.head is not None:
                raise Fault(Kind.BUSY, _LOST)
        await lead()
        return None

    async def close(self) -> None:
        """Tell those that follow how their flights ended. Once, when all of them have."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                while self._led and not self.trouble and self._runner is not None:
                    self._wake.set()
                    await asyncio.sleep(TICK_S)
        tasks = [task for task in (self._runner, self._listener) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._errands.close()
        await self._ear.close()

    # ---- claiming

    async def _claim(self, name: bytes) -> Led | None:
        """Who leads the flight of that name; None: nobody can say, it goes on alone."""
        if self.trouble and self._now() < self._asked_again_at:
            return None
        self._asked_again_at = self._now() + AFTER_FAILURE_S  # one call tries it, not all
        self._count += 1
        mine = Led(name, f"{self.process}.{self._count}")
        asked = self._errands.ask(lambda tower: tower.claim(mine))
        try:
            async with asyncio.timeout(CLAIM_S):
                token = await asyncio.shield(asked)
        except TimeoutError:
            self._fail(f"the store did not say within {CLAIM_S:g} s who runs a call")
            asked.add_done_callback(partial(self._undo, mine))
            return None
        except RelayError as error:
            self._fail(str(error))
            return None
        except asyncio.CancelledError:
            asked.add_done_callback(partial(self._undo, mine))
            raise
        self._work_again()
        if token != mine.token and token.startswith(f"{self.process}."):
            self._tell(lambda tower: tower.leave(Led(name, token)))
            return None  # it is over here, and not yet there
        return Led(name, token)

    def _undo(self, mine: Led, asked: asyncio.Future[str]) -> None:
        """Nobody waited for what a claim came to."""
        if asked.cancelled() or asked.exception() is not None:
            return
        token = asked.result()
        if token == mine.token:
            self._tell(lambda tower: tower.land(mine))
        else:
            self._tell(lambda tower: tower.leave(Led(mine.name, token)))

    def _tell(self, job: Callable[[Tower], object]) -> None:
        """Have it done; should it fail, a lease that runs out does the same."""
        with contextlib.suppress(RuntimeError):  # it is closed
            self._errands.ask(job).add_done_callback(_ignore)

    # ---- leading

    async def _lead(
        self, led: Led, flight: Flight, key: bytes, lead: Callable[[], Awaitable[None]]
    ) -> None:
        mine = Leading(led, key, flight, Knife(flight.record))
        self._led[led.token] = mine
        kept = flight.wanted
        flight.wanted = lambda: kept() or self._wanted(mine)
        self._begin()
        try:
            await lead()
        finally:
            self._wake.set()

    def _wanted(self, mine: Leading) -> bool:
        """Does anybody elsewhere want it. Asked when nobody here does: unless it is known, it
        goes on until the tower has said, and from then on nobody else can want it."""
        if mine.free or self.trouble:
            return False
        if not mine.wanted:
            mine.leaving = True
            self._wake.set()
        return True

    def _begin(self) -> None:
        self._wake.set()  # it may be about to rest for as long as there was nothing to do
        if self._runner is None or self._runner.done():
            self._runner = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        """Go round for as long as this process leads or follows."""
        while self._led or self._followed:
            try:
                again = await self._round()
            except RelayError as error:
                self._fail(str(error))
                await asyncio.sleep(AFTER_FAILURE_S)
                continue
            if not again:
                await self._breath()

    async def _breath(self) -> None:
        wanted = any(each.wanted for each in self._led.values())
        pause = TICK_S if wanted else LOOK_S if self._led else RENEW_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        self._wake.clear()

    async def _round(self) -> bool:
        """Tell the tower what there is to tell; is there more already."""
        work = self._work()
        if not any(work):
            return False
        landed, wanted = await self._errands.ask(partial(self._errand, work))
        self._work_again()
        for mine in work.landing:
            mine.leaving = False
            mine.wanted = mine.led.token not in landed
            if not mine.wanted:
                self._drop(mine)
        for mine in work.publishing:
            if mine.ended:
                self._drop(mine)
        for mine in list(self._led.values()) if wanted is not None else ():
            was, mine.wanted = mine.wanted, mine.led.token in (wanted or ())
            if was and not mine.wanted:
                mine.flight.let_go()
        return bool(work.landing)

    def _work(self) -> Round:
        landing, publishing = [], []
        for mine in self._led.values():
            if not mine.wanted and (mine.over or mine.leaving):
                landing.append(mine)
            elif mine.wanted and self._cut(mine):
                publishing.append(mine)
        renew = self._is_due("renew", RENEW_S)
        return Round(
            self._is_due("sweep", KEPT_S),
            bool(self._led) and self._is_due("look", LOOK_S),
            [mine.led for mine in self._led.values()] if renew else [],
            [mine.led for mine in self._followed] if renew else [],
            landing,
            publishing,
        )

    def _cut(self, mine: Leading) -> bool:
        """Take what is new of its record; is there anything to be written."""
        if not mine.ended:
            last = self._last(mine)
            mine.parts += packed(mine.knife.cut(last))
            mine.ended = last is not None
        return bool(mine.parts)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self._now()
        if now < self._due[what]:
            return False
        self._due[what] = now + every_s
        return True

    def _last(self, mine: Leading) -> Last | None:
        record, led = mine.flight.record, mine.flight.led
        if not record.over:
            return None
        self._settle()
        fault = record.fault or (led.fault if led is not None else None)
        return Last(
            (led.ending if led is not None else None) or Ending.COMPLETE,
            Cause.of(fault) if fault is not None else None,
            record.fault is not None,
            led.cost_nusd if led is not None else 0,
        )

    def _drop(self, mine: Leading) -> None:
        mine.free = True
        self._led.pop(mine.led.token, None)
        mine.flight.let_go()

    def _errand(self, work: Round, tower: Tower) -> tuple[set[str], set[str] | None]:
        """In the thread: the tokens of flights nobody follows, and of those somebody does."""
        if work.sweep:
            tower.sweep()
        if work.renewing or work.keeping:
            tower.renew(work.renewing, work.keeping)
        for mine in work.publishing:
            boxes = sealed(mine.key, mine.led, mine.n, mine.parts)
            tower.publish(mine.led, mine.n, boxes, over=mine.ended)
            mine.n += len(boxes)
            mine.parts.clear()
        landed = {it.led.token for it in work.landing if tower.land(it.led)}
        return landed, tower.wanted(self.process) if work.look else None

    # ---- following

    async def _follow(self, led: Led, flight: Flight, key: bytes) -> Last | None:
        """Fill the record with another's reply; None: its leader is lost."""
        mine = Following(led, key, flight, asyncio.Queue())
        self._followed.add(mine)
        self._begin()
        if self._listener is None or self._listener.done():
            self._heard_at = self._now()
            self._listener = asyncio.ensure_future(self._listen())
        pouring = Pouring(flight.record)
        try:
            while True:
                parts, more = await mine.news.get()
                for part in parts:
                    await pouring.take(part)
                if pouring.last is not None or not more:
                    return pouring.last
        finally:
            self._followed.discard(mine)
            self._tell(lambda tower: tower.leave(led))

    async def _listen(self) -> None:
        """Hear what is new of all that this process follows."""
        pause = 0.0
        while self._followed:
            asked = [(it, it.n) for it in self._followed]
            try:
                pauses, heard = await self._ear.ask(partial(_read, asked))
            except RelayError as error:
                self._fail(str(error))
                self._give_up()
                await asyncio.sleep(AFTER_FAILURE_S)
                continue
            self._heard_at = self._now()
            fresh = False
            for (mine, _), (parts, more) in zip(asked, heard, strict=True):
                if parts or not more:
                    mine.n += len(parts)
                    mine.news.put_nowait((parts, more))
                    fresh = True
            first, longest = pauses
            pause = first if fresh else min(max(first, pause * 1.5), longest)
            await asyncio.sleep(pause)

    def _give_up(self) -> None:
        """Whoever was shown nothing goes on alone; others hope for as long as a lease lasts."""
        late = self._now() - self._heard_at > LEASE_S
        for mine in self._followed:
            if late or mine.flight.record.head is None:
                mine.news.put_nowait(([], False))

    # ---- trouble

    def _fail(self, why: str) -> None:
        self._asked_again_at = self._now() + AFTER_FAILURE_S
        if not self.trouble:
            self.trouble = why
            self._on_trouble(why)
        for mine in list(self._led.values()):
            mine.flight.let_go()

    def _work_again(self) -> None:
        if self.trouble:
            self.trouble = ""
            self._on_trouble("")

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _read(
    asked: list[tuple[Following, int]], tower: Tower
) -> tuple[tuple[float, float], list[tuple[list[bytes], bool]]]:
    """In the thread: what there is of each, and how long to wait before it is looked again."""
    found = []
    heard = tower.read([(mine.led, n) for mine, n in asked])
    for (mine, n), news in zip(asked, heard, strict=True):
        parts = unsealed(mine.key, mine.led, n, news.boxes)
        found.append(([], False) if parts is None else (parts, news.alive))
    return tower.pauses_s, found


def _ignore(done: asyncio.Future[object]) -> None:
    if not done.cancelled():
        done.exception()
