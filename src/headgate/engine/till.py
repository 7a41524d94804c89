"""Where every call pays: takes what it may use before it is sent, and settles it to the truth.

Rule 1: read, decide and take with no await between; then two calls never share a dollar.
Rule 2: nobody overtakes those in line who could go, nor any of his own key; whoever waits
holds nothing, and is told to wait by the bank alone.
Rule 3: what the bank granted is good until it has not been reached for as long as it keeps a
process alive; from then on nothing is taken, or a stated allowance where that is configured.
Rule 4: only what is spent refuses a call for good; what is set aside is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from headgate.config import CapsConfig
from headgate.engine import told
from headgate.engine.payers import Payers
from headgate.engine.purse import Hold, Need, Purse, Wish
from headgate.engine.turns import Turns, Waiter
from headgate.policy.holding import Pot, Tap
from headgate.store.bank import Answer, Flow, Stock
from headgate.wire.model import Fault

ALIVE_S = 4.0
"""for how long grants are good while the bank cannot be reached; it counts us dead after 5 s"""
TICK_S = 0.2
ANSWER_S = 1.0
"""how long a call that may not wait for its turn waits for the bank's word all the same"""
SLICE = 500
"""callers whose accounts are gone through without a pause: that takes some milliseconds"""
SILENT = "the store does not answer in time"
Asked = Sequence[tuple[Pot | Tap, Stock | Flow]]


class Till:
    """All accounts of this process."""

    def __init__(self, clock: Callable[[], float], now_us: Callable[[], int]) -> None:
        self.trouble = ""
        """why the bank cannot be reached; empty: it can"""
        self.wake: Callable[[], None] = lambda: None
        """tell the clerk that somebody waits"""
        self.on_spent: Callable[[Pot, float], None] = lambda pot, share: None
        """told when a share of a budget is passed at which a warning is due"""
        self.on_refused: Callable[[Pot], None] = lambda pot: None
        """told when a budget refuses a call"""
        self.payers = Payers(now_us, self._moved)
        self._clock = clock
        self._busy: set[Purse] = set()
        self._wanting: list[Pot | Tap] = []
        self._turns = Turns()
        self._heard = clock()
        self._ticked = 0.0
        self._round: list[Purse] = []
        """those in use that are still to be gone through in this tick"""
        self._seen: dict[Pot | Tap, None] = {}
        """accounts that were gone through in it"""
        self._why = SILENT
        """why the bank has not answered, as far as that is known"""
        self._allowance = 0
        self._pumping = False

    def configure(self, caps: CapsConfig) -> None:
        """Take up what a configuration caps; running calls were charged by the one before."""
        self.payers.configure(caps)
        self._turns.bound(caps.queue_calls, caps.queue_calls_per_key)

    # ---- the counter

    def take(self, wish: Wish) -> Hold | None:
        """Take at once what the call needs; None: it has to stand in line."""
        if self._turns.count and (self._pumping or self._turns.holds(wish.key)):
            return None
        if self._is_stale():
            return None
        self._busy.add(wish.purse)
        return wish.purse.take(wish.need)

    def _is_stale(self) -> bool:
        """Was the bank silent for so long that what it granted may be another's by now."""
        return self._clock() - self._heard > ALIVE_S

    def short_s(self, purse: Purse, need: Need) -> float:
        """In how many seconds the need could be had at the soonest; 0: now."""
        short = purse.short(need)
        if short is None:
            return 0.0
        return max(_wait_s(short, need), TICK_S / 4)

    async def wait(self, wish: Wish, wait_s: float) -> Hold:
        """Stand in line for what the call needs, for no longer than that. Fault: in vain."""
        turns = self._turns
        if not turns.has_room(wish.key):
            return self._pass_by(wish)
        waiter = Waiter(wish, self._clock() + wait_s)
        self._busy.add(wish.purse)
        turns.join(waiter)
        self._pump_soon()
        self.wake()
        try:
            async with asyncio.timeout(max(wait_s, ANSWER_S)) as waiter.patience:
                return await waiter.served
        except TimeoutError:
            raise self._in_vain(waiter) from None
        except BaseException:
            waiter.give_back()
            raise
        finally:
            turns.leave(waiter)

    def _pass_by(self, wish: Wish) -> Hold:
        """Of a call that finds no place in line: what it could have at once."""
        turns = self._turns
        if not turns.holds(wish.key):
            self._pump()
            hold = self.take(wish)
            if hold is not None:
                return hold
        raise told.line_is_full(turns.count)

    def _moved(self, purse: Purse) -> None:
        self._busy.add(purse)
        if self._turns.count:
            self._pump_soon()

    def _pump_soon(self) -> None:
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        self._turns.serve(self._serve)

    def _serve(self, waiter: Waiter) -> Hold | None:
        """What the first in line can have now."""
        wish = waiter.wish
        if not self.trouble and self._is_stale():
            return None
        hold = wish.purse.take(wish.need)
        if hold is not None or wish.lower is None or not waiter.answered:
            return hold
        room = min(pot.room() for pot in wish.purse.hard)
        if room >= wish.need.worst_nusd or not all(it.lower for it in _tight(wish)):
            return None
        lowered = wish.lower(room)
        return wish.purse.take(lowered) if lowered is not None else None

    def _in_vain(self, waiter: Waiter) -> Fault:
        wish = waiter.wish
        if self.trouble or not waiter.answered:
            return told.unreachable(self._why)
        short = wish.purse.short(wish.need)
        waited_s = self.payers.caps.wait_s
        if short is None:
            return told.line_is_full(self._turns.count)
        return told.waited(short, waited_s, _wait_s(short, wish.need))

    # ---- the bank's side

    def asks(self) -> Asked:
        """What the bank is asked now."""
        now = self._clock()
        self._count_wants()
        due = dict.fromkeys(self._wanting)
        if now - self._ticked >= TICK_S and not self._round:
            self._ticked = now
            self._round, self._seen = list(self._busy), {}
        if self._round:
            due |= self._tick()
        for waiter in self._turns.foremost():
            if waiter.answered:
                _make_way(waiter.wish)
        for waiter in self._turns.everyone():
            waiter.asked = True
        return [(it, ask) for it in due if (ask := _ask(it)) is not None]

    def answered(self, asked: Asked, answers: Sequence[Answer]) -> None:
        """Take up what the bank said."""
        self._heard = self._clock()
        self.trouble, self._why = "", SILENT
        self._allowance = self.payers.caps.open_allowance_nusd
        for (it, _), answer in zip(asked, answers, strict=True):
            if isinstance(it, Pot):
                it.answer(answer.granted, answer.free, answer.spent)
                self._warn(it)
            else:
                it.answer(answer.granted, answer.free, answer.wait_s)
        turns = self._turns
        turns.hear()
        turns.serve(self._serve)
        for waiter in [it for it in turns.everyone() if it.answered]:
            self._turn_away(waiter)
        for waiter in turns.surplus():
            turns.leave(waiter)
            waiter.refuse(told.line_is_full(turns.told))

    def failed(self, asked: Asked, why: str) -> None:
        """The bank could not be asked."""
        for it, ask in asked:
            it.active = True
            if isinstance(ask, Flow) and ask.take < 0 and isinstance(it, Tap):
                it.level -= ask.take  # it was not given back after all
        now, self._why = self._clock(), why
        for waiter in self._turns.everyone():
            if waiter.asked:
                waiter.heard(now)
        if now - self._heard < ALIVE_S:
            return
        self.trouble = why
        is_open = self.payers.caps.when_unreachable == "open"
        for purse in self._busy:
            for it in purse:
                self._expire(it, is_open=is_open)
        if self._turns.count:
            self._pump_soon()

    def restart(self) -> None:
        """The process counts as another now: what was granted to the old one is gone."""
        for it in self.payers:
            if isinstance(it, Pot):
                it.forget()

    def _expire(self, it: Pot | Tap, *, is_open: bool) -> None:
        """What was granted is good no more; where it is allowed, a little is taken still."""
        if isinstance(it, Tap):
            if is_open:
                it.level = min(it.level + int(it.per_minute * TICK_S / 60) + 1, it.burst)
            return
        self._allowance += it.trim()
        if not is_open:
            return
        if not it.account:
            it.granted = it.cap  # calls at once are counted here alone meanwhile
            return
        more = min(self._allowance, max(it.wanted, it.smallest))
        self._allowance -= more
        it.lend(more)

    def _tick(self) -> dict[Pot | Tap, None]:
        """Go through accounts in use, a slice at a time: those that are worth asking for."""
        found: dict[Pot | Tap, None] = {}
        seen = self._seen
        for purse in self._round[-SLICE:]:
            if all(it in seen or it.settled() for it in purse):
                self._busy.discard(purse)
                continue
            for it in purse:
                if it not in seen:
                    seen[it] = None
                    it.tick()
                    if it.due():
                        found[it] = None
        del self._round[-SLICE:]
        if self._round:
            self.wake()  # the rest at once, but not without letting others have their turn
        return found

    def _count_wants(self) -> None:
        for it in self._wanting:
            it.wanted = it.smallest = 0
        self._wanting.clear()
        for waiter in self._turns.everyone():
            for it, amount in waiter.wish.purse.wants(waiter.wish.need):
                if not it.wanted:
                    self._wanting.append(it)
                    it.smallest = amount
                it.wanted += amount
                it.smallest = min(it.smallest, amount)
        least: dict[Pot | Tap, int] = {}
        for waiter in self._turns.foremost():  # what helps somebody further back helps nobody
            for it, amount in waiter.wish.purse.wants(waiter.wish.need):
                is_less = waiter.wish.lower is not None and it in waiter.wish.purse.hard
                least[it] = min(1 if is_less else amount, least.get(it, amount))
        for it, amount in least.items():
            it.smallest = amount

    def _turn_away(self, waiter: Waiter) -> None:
        """End the wait of a call that cannot be let in before its time is over."""
        wish, now = waiter.wish, self._clock()
        fault = self._hopeless(wish)
        if fault is None:
            short = wish.purse.short(wish.need)
            if isinstance(short, Tap) and now + short.wait_s > waiter.until:
                fault = told.waited(short, 0.0, short.wait_s)
        if fault is None:
            waiter.heard(now)
            return
        self._turns.leave(waiter)
        waiter.refuse(fault)

    def _hopeless(self, wish: Wish) -> Fault | None:
        for pots, amount in (
            (wish.purse.hard, wish.need.worst_nusd),
            (wish.purse.soft, wish.need.probable_nusd),
        ):
            for pot in pots:
                left = pot.left()
                if amount <= left:
                    continue
                if pot.lower and wish.lower is not None and wish.lower(left) is not None:
                    continue
                self.on_refused(pot)
                return told.spent(pot, amount)
        return None

    def _warn(self, pot: Pot) -> None:
        if not pot.account or not pot.cap:
            return
        share = pot.spent_now() / pot.cap
        while pot.warned < len(pot.warn_at) and share >= pot.warn_at[pot.warned]:
            pot.warned += 1
            self.on_spent(pot, pot.warn_at[pot.warned - 1])


def _tight(wish: Wish) -> Iterator[Pot]:
    """The budgets that the call does not fit into."""
    return (pot for pot in wish.purse.hard if pot.room() < wish.need.worst_nusd)


def _make_way(wish: Wish) -> None:
    """What does not let it go is of use to others, where they have part of the rest.

    Else two processes could wait for each other, one with the money, one with the place.
    """
    for pot, at in wish.purse.pots:
        pot.stuck = pot.is_in_vain(wish.need[at])


def _ask(it: Pot | Tap) -> Stock | Flow | None:
    if isinstance(it, Pot):
        least = it.least()
        return Stock(it.name, it.account, it.span, it.cap, it.ask(), least)
    take, least = it.ask()
    return Flow(it.name, it.per_minute, it.burst, take, least) if take else None


def _wait_s(short: Pot | Tap, need: Need) -> float:
    """How long until time alone brings what is lacking; a pot is filled by no time."""
    if isinstance(short, Pot):
        return 1.0
    lacking = {
        "requests": need.requests,
        "input_tokens": need.input_tokens,
        "output_tokens": need.output_tokens,
    }[short.what] - short.level
    return max(short.wait_s, (lacking - max(short.bank, 0)) * 60 / short.per_minute)
