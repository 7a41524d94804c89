"""What a run of code within a call costs its key: set aside before, settled after, in a row.

Rule 1: the worst that is set aside is the run's wall limit; nothing costs more than that.
Rule 2: a row names the call it belongs to: its id is the call's with `.runN` behind it.
Rule 3: what fails through a fault of ours costs nothing.
"""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from headgate.engine.ground import Ground
from headgate.engine.purse import Hold, Need, Wish
from headgate.engine.settle import Ended
from headgate.engine.tally import UNPRINTED, Settled, Sink, Tally, TryNote, intent, tags
from headgate.money.pricing import About, Band, Cost, Rates, Table
from headgate.policy.router import Target
from headgate.sandbox.model import Result, Status
from headgate.wire import Surface, openai_chat
from headgate.wire.call import Call
from headgate.wire.model import STANDARD, Ending, Usage

SURFACE = Surface(
    "execute", "/v1/execute", openai_chat, openai_chat.read, converses=False, streams=True
)
"""as rows name it"""
PROVIDER = "sandbox"
_NANO, _SECOND_US = 1_000_000_000, 1_000_000


def price_nusd(us: int, second_usd: str) -> int:
    """What so many microseconds cost."""
    exact = Decimal(second_usd) * _NANO * us / _SECOND_US
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


class Execution:
    """One run of a call, as it is reserved and settled."""

    def __init__(self, ground: Ground, second_usd: str, call: Call, n: int) -> None:
        self._ground = ground
        self._price = second_usd
        self._worst_us = 0
        self._begun: float | None = None
        own = replace(call, id=f"{call.id[:100]}.run{n}", surface=SURFACE, model="python")
        sink: Sink = _Nowhere()
        tally = Tally.of(own, sink, ground.clock(), time.time_ns() // 1000)
        tally.fingerprint, tally.target = UNPRINTED, Target(PROVIDER, "python")
        self.tally = tally

    async def enter(self, worst_s: float, wait_s: float) -> None:
        """Set aside what it may cost; Fault says which budget is spent."""
        ground, tally, call = self._ground, self.tally, self.tally.call
        self._worst_us = int(worst_s * _SECOND_US)
        worst = price_nusd(self._worst_us, self._price)
        payers = ground.till.payers
        purse = payers.purse(call.holder, tags(call), payers.models(f"{PROVIDER}:python"))
        tally.charged = purse.charged
        if worst and not purse.is_empty:
            need = Need(worst_nusd=worst, probable_nusd=worst, requests=0, calls=0)
            wish = Wish(purse, need, call.holder.key_id or "-")
            hold: Hold | None = ground.till.take(wish)
            tally.purse, tally.probable_nusd = purse, worst
            tally.hold = hold if hold is not None else await ground.till.wait(wish, wait_s)
        assert tally.target is not None
        tally.handle = ground.writer.intend(intent(tally, tally.target))

    def begins(self) -> None:
        """It has left the line: from here on it costs."""
        self._begun = self._ground.clock()

    def settle(self, result: Result | None, *, is_left: bool = True) -> None:
        """Write its row; None: whoever wanted it is gone, and pays for what ran; or, where it
        is not left, it could not be run and costs nothing."""
        ground, tally = self._ground, self.tally
        if tally.settled:
            return
        took_us = 0
        if result is None and not is_left:
            tally.ending, tally.status = Ending.ERROR, 503
        elif result is None:
            tally.ending = Ending.CLIENT_GONE
            if self._begun is not None:
                ran_us = int((ground.clock() - self._begun) * _SECOND_US)
                took_us = min(ran_us, self._worst_us)
        elif result.status is Status.BROKEN:
            tally.ending, tally.status = Ending.ERROR, 500
        else:
            tally.ending, tally.status = Ending.COMPLETE, 200
            took_us = min(int(result.execution_ms * 1000), self._worst_us)
            tally.reading.model = f"{result.language} {result.version}".strip()
        note = TryNote(PROVIDER, "python", took_us, tally.status, "", False, "")
        tally.notes.append(note)
        nusd = price_nusd(took_us, self._price)
        rates = Rates(
            About("[sandbox] second_usd", "override" if Decimal(self._price) else "free"),
            lambda _: Table((Band(-1, (0,) * 7),)),
        )
        tally.bought = Settled(Usage(), "none", STANDARD, rates, Cost(0, 0, 0, 0, nusd))
        ground.settlement.settle(Ended(tally, None, ground.clock(), None))


class _Nowhere:
    """The Sink of what answers nobody by itself."""

    sent_at = 0.0

    async def whole(self, status: int, headers: object, body: bytes) -> None: ...
    async def start(self, status: int, headers: object) -> None: ...
    async def send(self, data: bytes) -> None: ...
    async def end(self, data: bytes) -> None: ...
    def put(self, data: bytes) -> None: ...
    def stalled(self) -> bool:
        return False
