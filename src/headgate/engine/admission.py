"""Lets a call in: finds what it counts against, quotes what it may cost, takes it or waits.

Rule 1: a call is quoted at the dearest target of its ladder: wherever it ends, it is covered.
Rule 2: what nobody has capped costs nothing to admit.
Rule 3: a bound on output that is lowered is told to the caller, and why.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.config import Config, abilities
from headgate.engine import told
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.purse import Hold, Lower, Need, Purse, Wish
from headgate.engine.tally import Settled, Tally, tags
from headgate.policy import demand, quote
from headgate.policy.cap import NO_CAPS
from headgate.policy.quote import Learned, Quote, Tariff
from headgate.policy.router import Target
from headgate.wire.call import Call

GOOD_S = 600.0
FARES_KEPT = 2000
LOWERED = "output_lowered"
"""what the caller is told by where its bound on output was lowered"""
NOBODYS = "-"
"""whom calls without a key take turns as"""


class Bill:
    """What was reckoned of one call, to be compared with what it came to."""

    __slots__ = ("_learned", "_tariffs", "demand")

    def __init__(
        self, asked: demand.Demand, tariffs: Sequence[tuple[Target, Tariff]], learned: Learned
    ) -> None:
        self.demand = asked
        self._tariffs = tariffs
        self._learned = learned

    def tariff(self, target: Target | None) -> Tariff | None:
        tariffs = self._tariffs
        if len(tariffs) == 1:
            return tariffs[0][1] if tariffs[0][0] == target else None
        return next((tariff for it, tariff in tariffs if it == target), None)

    def quote(self, asked: demand.Demand) -> Quote:
        """What is enough for any of the targets."""
        tariffs = self._tariffs
        if len(tariffs) == 1:
            return quote.quote(asked, tariffs[0][1], self._learned)
        return quote.dearest(quote.quote(asked, it, self._learned) for _, it in tariffs)

    def lowered(self, max_nusd: int, floor: int) -> int | None:
        """The largest bound on output that costs no more at any of the targets."""
        most = [quote.lowered(max_nusd, self.demand, it, floor) for _, it in self._tariffs]
        found = [each for each in most if each is not None]
        return min(found) if len(found) == len(most) else None

    def learn(self, tally: Tally, settled: Settled) -> None:
        """What the call really used is what the next one probably will."""
        if settled.cost is None or settled.usage_from != "provider":
            return
        tariff = self.tariff(tally.target)
        if tariff is not None and self._learned.wants(tariff):
            self._learned.learn(tariff, self.demand, settled.usage, settled.cost)


class Kin:
    """The models that the same limits hold for: what purses are kept under."""

    __slots__ = ("limits",)

    def __init__(self, limits: tuple[int, ...]) -> None:
        self.limits = limits
        """by their place among those on models"""


class Fare(NamedTuple):
    """What calls of one model and surface are quoted by."""

    tariffs: Sequence[tuple[Target, Tariff]]
    kin: Kin
    until: float
    """prices change with the date: then it is made anew"""
    field: str
    """what the targets call the bound on an answer; empty: one this, another that"""
    unpriced: str
    """the targets that have no price while there is no ceiling"""


class Admission:
    """The door to the engine of one configuration."""

    def __init__(self, config: Config, ground: Ground, gates: Mapping[str, Gate]) -> None:
        self._ground = ground
        self._config = config
        self._gates = gates
        self._wait_s = config.caps.wait_s
        self._fares: dict[tuple[str, str], Fare] = {}
        self._kins: dict[tuple[int, ...], Kin] = {}
        caps = config.caps
        usual = (caps.house, caps.each_key, caps.each_team)
        self._caps_all = bool(caps.tags or caps.models) or any(it != NO_CAPS for it in usual)
        """is anything capped for those who have no caps of their own"""
        ground.till.configure(caps)

    def _fare(self, call: Call, ladder: Sequence[Target]) -> Fare:
        name, now = (call.model, call.surface.name), self._ground.clock()
        fare = self._fares.get(name)
        if fare is None or fare.until < now:
            limits = self._ground.till.payers.models(call.model)
            kin = self._kins.setdefault(limits, Kin(limits))
            fields = {self._field(call, target) for target in ladder}
            tariffs = [(it, self._tariff(it, self._field(call, it))) for it in ladder]
            unpriced = ", ".join(it.name for _, it in tariffs if not it.is_priced)
            field = fields.pop() if len(fields) == 1 else ""
            fare = Fare(tariffs, kin, now + GOOD_S, field, unpriced)
            self._fares.pop(name, None)
            if len(self._fares) >= FARES_KEPT:  # nobody's odd names keep others' out for good
                del self._fares[next(iter(self._fares))]
            self._fares[name] = fare
        return fare

    def _field(self, call: Call, target: Target) -> str:
        """What the target calls the bound, where the call goes there as it is."""
        provider = self._gates[target.provider].provider
        if call.surface.name != "chat" or "chat" not in provider.paths:
            return call.surface.dialect.MAX_OUTPUT_FIELDS[0]
        return abilities(self._config, provider, target.model).max_tokens_field

    def _tariff(self, target: Target, field: str) -> Tariff:
        provider = self._gates[target.provider].provider
        rates = self._ground.settlement.rates(provider, target.model, datetime.now(UTC))
        unasked = provider.kind != "anthropic"
        return Tariff(
            f"{target.provider}:{target.model}",
            rates,
            writes_unasked=unasked,
            reads_older=field == demand.OLDER,
        )

    def enter(
        self, tally: Tally, ladder: Sequence[Target]
    ) -> Coroutine[None, None, None] | None:
        """Take what the call may use. None: it is in; else it has to be waited for."""
        call = tally.call
        if not (self._caps_all or call.holder.caps):
            return None
        fare = self._fare(call, ladder)
        purse = self._purse(tally, fare)
        tally.charged = purse.charged
        if purse.is_empty:
            return None
        wish = self._wish(tally, purse, fare)
        if wish.need.worst_nusd and (pot := told.warning(purse)) is not None:
            tally.advice = (told.warning_text(pot),)
        tally.purse = purse
        tally.probable_nusd = wish.need.probable_nusd
        hold = self._ground.till.take(wish)
        if hold is None:
            return self._wait(tally, wish, fare.field)
        tally.hold = hold
        return None

    async def again(self, tally: Tally) -> None:
        """Take anew what was put back while the call waited for something else."""
        hold, purse = tally.hold, tally.purse
        if hold is None or hold.open or purse is None:
            return
        wish = Wish(purse, hold.need, tally.call.holder.key_id or NOBODYS)
        tally.hold = self._ground.till.take(wish)
        if tally.hold is None:
            await self._wait(tally, wish)

    def put_back(self, tally: Tally) -> None:
        """The call is going to wait: whoever waits holds nothing."""
        if tally.hold is not None:
            tally.hold.put_back()

    async def _wait(self, tally: Tally, wish: Wish, field: str = "") -> None:
        clock = self._ground.clock
        since = clock()
        try:
            hold = await self._ground.till.wait(wish, self._wait_s)
        finally:
            tally.waited_us += int((clock() - since) * 1e6)
        tally.hold = hold
        if hold.need.bound and hold.need is not wish.need:
            self._lower(tally, hold, field)

    def _purse(self, tally: Tally, fare: Fare) -> Purse:
        """The caller's accounts; kept with the header fields that named them."""
        call, payers = tally.call, self._ground.till.payers
        purse: Purse | None = call.kept.get(fare.kin)
        if purse is None or not payers.fits(purse, tally.at_us):
            purse = payers.purse(call.holder, tags(call), fare.kin.limits)
            call.kept[fare.kin] = purse
        return purse

    def _wish(self, tally: Tally, purse: Purse, fare: Fare) -> Wish:
        call = tally.call
        key = call.holder.key_id or NOBODYS
        if not purse.quoted:
            return Wish(purse, _ONE, key)
        if (purse.hard or purse.soft) and call.surface.name != "count_tokens":
            if fare.unpriced:
                raise told.unpriced(fare.unpriced)
            if call.surface.name == "responses" and call.envelope.flag("background"):
                raise told.unseen()
        asked = demand.read(call.surface, call.envelope, tally.max_output)
        bill = tally.bill = Bill(asked, fare.tariffs, self._ground.learned)
        need = _need(bill.quote(asked))
        if not (purse.lowers and fare.field and call.surface.converses):
            return Wish(purse, need, key)
        return Wish(purse, need, key, _lower(bill, call))

    def _lower(self, tally: Tally, hold: Hold, field: str) -> None:
        """Ask for less output than the caller did."""
        call, tokens = tally.call, hold.need.bound
        asked = str(tally.max_output) if tally.max_output else "no bound"
        call.envelope = quote.bounded(call.surface, call.envelope, tokens, field)
        tally.max_output = tokens
        pot = min(hold.purse.hard, key=lambda it: it.left())
        tally.advice += (
            f"{LOWERED}: from {asked} to {tokens} tokens: {pot.label} has no more left",
        )


_ONE = Need()


def _need(it: Quote, bound: int = 0) -> Need:
    tokens, output = it.input_counted, it.output_probable
    return Need(tokens, output, it.worst_nusd, it.probable_nusd, 1, 1, bound)


def _lower(bill: Bill, call: Call) -> Lower:
    floor = quote.floor(call.envelope)

    def lower(max_nusd: int) -> Need | None:
        tokens = bill.lowered(max_nusd, floor)
        if tokens is None:
            return None
        return _need(bill.quote(bill.demand._replace(output=tokens, older=tokens)), tokens)

    return lower
