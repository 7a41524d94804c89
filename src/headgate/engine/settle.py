"""The one settlement of a call: what it used, what that costs, and who is told.

Rule 1: it happens once, whatever the ending, and nobody waits for it.
Rule 2: a row is written even of a call that cannot be priced: without a cost, and saying so.
Rule 3: a count of the provider's is never replaced; an estimate stands where none was given.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from msgspec import Struct

from headgate.engine import guard
from headgate.engine.guard import Guard
from headgate.engine.journal import Journal
from headgate.engine.meter import Meters
from headgate.engine.misses import Misses
from headgate.engine.notice import Notices
from headgate.engine.tally import Settled, Tally, TryNote, bare_entry, entry
from headgate.ledger.record import Entry
from headgate.ledger.writer import Writer
from headgate.money.catalog import UNPRICED, Catalog
from headgate.money.pricing import CLASSES, Rates
from headgate.policy import estimate
from headgate.policy.memory import Memory
from headgate.providers import Provider
from headgate.wire.model import STANDARD, Ending, Usage

TOKEN_CLASSES = ("input_fresh", *CLASSES[1:])
"""the fields of a Usage that are counted, in the order of their rates"""
GATHER_S = 0.002
PRICE_UNKNOWN = "price_unknown"
"""the warning that a model was priced at the ceiling"""
NOT_PRICED = "not_priced"
"""the warning that a defect of ours kept a row from being priced"""


class Ended(Struct, frozen=True):
    """A call that is over, and what is needed to settle it."""

    tally: Tally
    provider: Provider | None
    at: float
    """when, on the engine's clock"""
    key: bytes | None
    """keys the fingerprints; None: they are off"""


class Settlement:
    """Holds what settling needs; shared by all calls of a process."""

    def __init__(
        self, catalog: Catalog, writer: Writer, journal: Journal, meters: Meters
    ) -> None:
        self.catalog = catalog
        self.writer = writer
        self.journal = journal
        self.meters = meters
        self.ratio = estimate.Ratio()
        self.memory = Memory()
        self.misses = Misses()
        self.guard = Guard()
        self.notices: Notices | None = None
        """whom losses are told; None: nobody"""
        self._ended: list[Ended] = []

    def settle(self, ended: Ended) -> None:
        """Take note of a call's end; it is written with the others of the same moment.

        Settling thirty calls in a row costs less than half of thirty settled one by one between
        other work: what it needs is still at hand. Nobody waits for it.
        """
        tally = ended.tally
        tally.settled = True
        if tally.vigil is not None:
            tally.vigil.over(answered=tally.ending is Ending.COMPLETE and tally.fault is None)
        self._ended.append(ended)
        if len(self._ended) == 1:
            asyncio.get_running_loop().call_later(GATHER_S, self.flush)

    def flush(self) -> None:
        """Settle everything that has ended."""
        ended, self._ended = self._ended, []
        at = datetime.now(UTC)
        for one in ended:
            try:
                self._settle(one, at)
            except Exception as bug:  # noqa: BLE001 - one call's bug is not another's loss
                self._regret(one, bug)

    def _settle(self, ended: Ended, at: datetime) -> None:
        """Price the call, write its row, count it and log it."""
        tally = ended.tally
        try:
            settled = self._price(tally, ended.provider, at)
            if tally.saver is not None:
                tally.saver.over(tally, settled)
            self._explain(ended, settled)
            row = entry(tally, settled, ended.at, ended.key)
        except Exception as bug:  # noqa: BLE001 - whatever is wrong, the row is written
            self._regret(ended, bug)
            settled, row = self._salvage(ended)
        self.writer.put(tally.handle, row)
        self._pay(ended, settled)
        self._meter(row, tally, settled, ended.at)
        self.journal.call(_line(row, tally, settled.usage, at))

    def _explain(self, ended: Ended, settled: Settled) -> None:
        """Find out why the vendor's cache did not hold the prompt."""
        tally = ended.tally
        try:
            tally.miss = self.misses.look(tally, settled, ended.key)
        except Exception as bug:  # noqa: BLE001 - the row is worth more than what it would say
            self._regret(ended, bug)

    def _pay(self, ended: Ended, settled: Settled) -> None:
        """Settle what was set aside to what the row says."""
        tally = ended.tally
        usage, hold = settled.usage, tally.hold
        cost = tally.cost_nusd if settled.cost is not None else 0
        if tally.vigil is not None:
            tally.vigil.pay(cost, ended.at)
        if hold is not None:
            hold.settle(usage.input_total - usage.cache_read, usage.output, cost)
        if tally.bill is not None:
            tally.bill.learn(tally, settled)

    def _salvage(self, ended: Ended) -> tuple[Settled, Entry]:
        """A row without a price, or the barest one: what is known of the call is kept."""
        tally, reading = ended.tally, ended.tally.reading
        try:
            usage_from = "provider" if reading.usage_seen else "none"
            settled = Settled(reading.usage, usage_from, reading.terms, None, None)
            row = entry(tally, settled, ended.at, ended.key)
        except Exception as bug:  # noqa: BLE001 - as above
            self._regret(ended, bug)
            settled = Settled(Usage(), "none", STANDARD, None, None)
            row = bare_entry(tally, ended.at)
        return settled, row._replace(warnings=f"{row.warnings},{NOT_PRICED}".strip(","))

    def _regret(self, ended: Ended, bug: Exception) -> None:
        self.journal.say("bug", id=ended.tally.call.id, error=f"settlement: {bug!r}")

    def _price(self, tally: Tally, provider: Provider | None, at: datetime) -> Settled:
        if (bought := tally.bought) is not None:
            tally.cost_nusd = bought.cost.total_nusd if bought.cost is not None else 0
            return bought
        usage, usage_from = self._usage(tally)
        terms = tally.reading.terms
        if provider is None or tally.target is None or usage_from == "none":
            return Settled(usage, usage_from, terms, None, None)
        model = tally.target.model or tally.call.model
        rates = self.rates(provider, model, at)
        if rates.priced_by in ("ceiling", UNPRICED):
            tally.reading.warn(PRICE_UNKNOWN)
        for term in rates.unpriced(terms) if terms.tier or terms.speed or terms.geo else ():
            tally.reading.warn(f"no_price_for_{term}".replace(" ", "_"))
        cost = rates.cost(usage, terms)
        tally.cost_nusd = cost.total_nusd
        uncached_nusd = rates.uncached_nusd(usage.input_total, terms)
        return Settled(usage, usage_from, terms, rates, cost, uncached_nusd)

    def rates(self, provider: Provider, model: str, at: datetime) -> Rates:
        """What a model costs at a provider."""
        return self.catalog.rates(
            provider.prices, model, at, free=provider.free, seller=provider.name
        )

    def _usage(self, tally: Tally) -> tuple[Usage, str]:
        """The tokens that count: the provider's, or an estimate where it told none."""
        reading, usage = tally.reading, tally.reading.usage
        model = reading.model
        if tally.canned or tally.target is None or tally.answered_from:
            return Usage(), "none"
        if tally.ending is Ending.COMPLETE:
            if reading.usage_seen:
                self.ratio.learn(model, reading.text_chars, usage.output)
                return usage, "provider"
            if not tally.call.surface.converses:
                return usage, "none"
        elif not reading.content and not reading.usage_seen:
            return usage, "none"
        guess = self.guess(tally)
        return guess, "provider" if guess == usage else "estimate"

    def guess(self, tally: Tally) -> Usage:
        """What was probably used, where the provider has not told all of it."""
        reading, usage = tally.reading, tally.reading.usage
        seen = estimate.tokens(reading.text_chars, self.ratio.of(reading.model))
        sent = estimate.tokens(len(tally.call.envelope.body))
        return Usage(
            input_fresh=usage.input_fresh if usage.input_total else sent,
            cache_read=usage.cache_read,
            cache_write_5m=usage.cache_write_5m,
            cache_write_1h=usage.cache_write_1h,
            cache_write_30m=usage.cache_write_30m,
            cache_write_12h=usage.cache_write_12h,
            output=max(usage.output, seen),
            reasoning_of_output=usage.reasoning_of_output,
            web_searches=usage.web_searches,
        )

    def _meter(self, row: Entry, tally: Tally, settled: Settled, now: float) -> None:
        answered = 0 < row.status < 400 and not row.canned
        meter = self.meters.of(row.provider, row.model_sent, answered=answered)
        meter.calls[row.ending] = meter.calls.get(row.ending, 0) + 1
        meter.canned += row.canned
        meter.cost_nusd += row.cost_nusd
        meter.latency.observe(row.took_us / 1e6)
        if row.ttft_us:
            meter.ttft.observe(row.ttft_us / 1e6)
        tokens = meter.tokens
        for name, count in zip(TOKEN_CLASSES, settled.usage, strict=False):
            if count:
                tokens[name] = tokens.get(name, 0) + count
        if row.tries_json is not None:
            self._meter_tries(tally.notes)
        if row.miss or row.answered_from:
            self.guard.count(row, meter)
        if row.cache_read or row.cache_write_nusd:
            losses = self.guard.watch(row, meter, settled, now)
            if losses is not None and self.notices is not None:
                guard.alarm(self.notices, tally, settled, row, losses)

    def _meter_tries(self, notes: list[TryNote]) -> None:
        """Count what went wrong; a single good try has nothing to tell."""
        before = None
        for note in notes:
            of_try = self.meters.of(note.provider, note.model)
            if note.fault:
                of_try.faults[note.fault] = of_try.faults.get(note.fault, 0) + 1
            if before is not None:
                if before == (note.provider, note.model):
                    of_try.retries += 1
                else:
                    of_try.fallbacks += 1
            before = (note.provider, note.model)


def _line(row: Entry, tally: Tally, usage: Usage, at: datetime) -> dict[str, object]:
    line: dict[str, object] = {
        "at": at,
        "event": "call",
        "id": row.id,
        "surface": row.surface,
        "key": row.key_id,
        "model": row.model_asked,
        "target": f"{row.provider}:{row.model_sent}" if row.provider else "",
        "status": row.status,
        "ending": row.ending,
        "stream": bool(row.stream),
        "tries": row.tries,
        "took_ms": row.took_us / 1000,
        "ttft_ms": row.ttft_us / 1000,
        "input": usage.input_total,
        "cache_read": row.cache_read,
        "output": row.output,
        "cost_usd": row.cost_nusd / 1e9,
    }
    if row.canned:
        line["canned"] = True
    if row.maybe_billed:
        line["maybe_billed"] = row.maybe_billed
    if tally.fault is not None:
        line["fault"] = tally.fault.kind
        if not tally.fault.quoted:
            line["message"] = tally.fault.message
        if tally.fault.detail:
            line["detail"] = tally.fault.detail
    if row.warnings:
        line["warnings"] = row.warnings
    return line
