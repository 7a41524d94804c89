"""What a call may cost, before it is sent: at the worst, and probably.

Rule 1: the worst is never exceeded by what Rates.cost says of any usage within the quoted
tokens, on the terms that were asked for or the standard ones.
Rule 2: the probable is learned for each target from what its calls cost; it is never above the
worst.
Rule 3: prices are taken apart once for each target and terms; a call only multiplies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from headgate.money.catalog import UNPRICED
from headgate.money.pricing import ATTO_PER_NANO, Cost, Rates, Table
from headgate.policy.demand import NOT_SAID, OLDER, Demand
from headgate.policy.estimate import CHARS_PER_TOKEN
from headgate.wire import Surface
from headgate.wire.broken import BROKEN
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Terms, Usage

UNKNOWN_WINDOW = 1_000_000
"""tokens of a model whose context window nobody states, where the body does not bound them"""
UNKNOWN_OUTPUT = 128_000
"""tokens of an answer that neither the caller nor any fact bounds"""
PROBABLE_OUTPUT = 500
"""tokens of an answer of a target nothing was learned of yet"""
LEAST_OUTPUT = 1024
"""a bound on output is not lowered below this: the answer would be of no use"""
ROUNDED = 3
"""nano-dollars that five rounded lines may be above their exact sum"""
MODELS_KEPT = 1000
MEMORY = 0.05
TAUGHT = 40
"""calls after which one of so many is learned from"""
EACH = 8
FEWEST_SHARE, MOST_SHARE = 0.01, 4.0


class Quote(NamedTuple):
    """Tokens and nano-dollars of one call."""

    input_most: int
    input_probable: int
    output_most: int
    """of all its choices together"""
    output_probable: int
    worst_nusd: int
    probable_nusd: int
    searches_most: int = 0
    input_counted: int = 0
    """of the probable input, what limits count: without what a cache probably gives"""


NOTHING = Quote(0, 0, 0, 0, 0, 0)


class _Step(NamedTuple):
    """The dearest prices of requests with more input than `above`, in atto-dollars."""

    above: int
    plain: int
    """per token of input that writes no cache"""
    marked: int
    """per token where breakpoints write to a cache for minutes"""
    hour: int
    """the same for an hour"""
    output: int
    fresh: int
    """what a token costs that comes from no cache; what the probable is reckoned with"""


class _Sheet(NamedTuple):
    """Everything that is charged on certain terms, made ready for multiplying."""

    steps: tuple[_Step, ...]
    """from the highest start to the lowest"""
    search: int
    call: int


class Tariff:
    """The prices of one target, made ready for quotes."""

    __slots__ = (
        "_rates",
        "_sheets",
        "_writes_unasked",
        "max_output",
        "name",
        "reads_older",
        "standard",
        "window",
    )

    def __init__(
        self,
        name: str,
        rates: Rates,
        *,
        writes_unasked: bool = True,
        reads_older: bool = False,
    ) -> None:
        self.name = name
        """provider:model: what is learned is learned of this"""
        self.window = rates.context_window
        self.max_output = rates.max_output
        self.reads_older = reads_older
        """does it read the bound of a chat by its older name alone"""
        self._rates = rates
        self._writes_unasked = writes_unasked
        """does its cache write without breakpoints, as all but Anthropic's own do"""
        self._sheets: dict[Terms, _Sheet] = {}
        self.standard = self.sheet(STANDARD)

    @property
    def is_priced(self) -> bool:
        """False: nobody knows what it costs, and there is no ceiling; no budget covers it."""
        return self._rates.priced_by != UNPRICED

    @property
    def rates(self) -> Rates:
        return self._rates

    def sheet(self, terms: Terms) -> _Sheet:
        """The prices on these terms: those that Demand names are few."""
        sheet = self._sheets.get(terms)
        if sheet is None:
            tables = {self._rates.table(STANDARD), self._rates.table(terms)}
            sheet = self._sheets[terms] = _compile([*tables], self._writes_unasked)
        return sheet


def _compile(tables: list[Table], writes_unasked: bool) -> _Sheet:
    """The dearest of the tables: who asks for a tier may be served without it."""
    starts = sorted({band.above for table in tables for band in table.bands})
    steps: list[_Step] = []
    for start in starts:
        reached = [b.rates for t in tables for b in t.bands if b.above <= start]
        fresh, read, w5m, w1h, w30m, w12h, output = (
            max(each) for each in zip(*reached, strict=True)
        )
        marked = max(fresh, read, w5m, w30m, w12h)
        plain = marked if writes_unasked else max(fresh, read)
        steps.append(_Step(start, plain, marked, max(marked, w1h), output, fresh))
    steps.reverse()
    return _Sheet(tuple(steps), max(t.search for t in tables), max(t.call for t in tables))


class _Seen:
    """What was learned of one target."""

    __slots__ = ("calls", "fresh", "output", "share", "skipped", "tokens")

    def __init__(self) -> None:
        self.calls = 0
        self.skipped = 0
        self.output = float(PROBABLE_OUTPUT)
        self.fresh = 1.0
        """the share of input that no cache gave"""
        self.share = 1.0
        """of the list price of input: what caches save, or add"""
        self.tokens = 1 / CHARS_PER_TOKEN
        """of input, per byte of the body"""


_UNSEEN = _Seen()


class Learned:
    """What calls of each target used and cost on average, the last ones most."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, _Seen] = {}

    def wants(self, tariff: Tariff) -> bool:
        """Is this call worth learning from: the first ones, then one of a few."""
        seen = self._of.get(tariff.name)
        if seen is None or seen.calls < TAUGHT:
            return True
        seen.skipped += 1
        return not seen.skipped % EACH

    def learn(self, tariff: Tariff, demand: Demand, usage: Usage, cost: Cost) -> None:
        """Take note of a call that the provider counted."""
        seen = self._of.get(tariff.name)
        if seen is None:
            if len(self._of) >= MODELS_KEPT:
                return
            seen = self._of[tariff.name] = _Seen()
        seen.calls += 1
        weight = max(MEMORY, 1 / seen.calls)
        seen.output += weight * (usage.output - seen.output)
        total = usage.input_total
        if not total or not demand.bytes:
            return
        seen.tokens += weight * (min(total / demand.bytes, 1.0) - seen.tokens)
        seen.fresh += weight * (1 - usage.cache_read / total - seen.fresh)
        listed = total * _step(tariff.standard, total).fresh
        if listed:
            paid = (cost.input_nusd + cost.cache_read_nusd + cost.cache_write_nusd) * 10**9
            share = min(max(paid / listed, FEWEST_SHARE), MOST_SHARE)
            seen.share += weight * (share - seen.share)

    def of(self, name: str) -> _Seen:
        return self._of.get(name, _UNSEEN)


def quote(demand: Demand, tariff: Tariff, learned: Learned) -> Quote:
    """What the call may use and cost at this target."""
    if demand.surface == "count_tokens":
        return NOTHING  # both vendors count for nothing
    seen = learned.of(tariff.name)
    input_most = input_bound(demand, tariff)
    output_most = answer_bound(demand, tariff) * demand.choices + demand.predicted
    sheet = tariff.standard if demand.terms is STANDARD else tariff.sheet(demand.terms)
    step = _step(sheet, input_most)
    worst = (
        input_most * _input_rate(step, demand)
        + output_most * step.output
        + demand.searches * sheet.search
        + sheet.call
    )
    worst_nusd = -(-worst // ATTO_PER_NANO) + ROUNDED if worst else 0
    input_probable = int(demand.bytes * seen.tokens) + 1
    if input_probable > input_most:
        input_probable = input_most
    output_probable = int(seen.output)
    if output_probable > output_most:
        output_probable = output_most
    step = _step(sheet, input_probable)
    probable = int(input_probable * step.fresh * seen.share) + output_probable * step.output
    probable_nusd = (probable + sheet.call) // ATTO_PER_NANO
    return Quote(
        input_most,
        input_probable,
        output_most,
        output_probable,
        worst_nusd,
        probable_nusd if probable_nusd < worst_nusd else worst_nusd,
        demand.searches,
        int(input_probable * seen.fresh),
    )


def dearest(quotes: Iterable[Quote]) -> Quote:
    """What is enough for every one of several targets."""
    return Quote(*map(max, zip(*quotes, strict=True)))


def input_bound(demand: Demand, tariff: Tariff) -> int:
    """Tokens of input at the most: no token is shorter than a byte."""
    sent = demand.bytes + demand.extra
    if demand.surface == "embeddings":
        return sent  # a window holds each of its texts, not all of them
    if demand.elsewhere:
        return tariff.window or max(UNKNOWN_WINDOW, sent)
    return min(sent, tariff.window) if tariff.window else sent


def output_bound(demand: Demand, tariff: Tariff) -> int:
    """Tokens of output at the most, thinking included, of all choices together."""
    return answer_bound(demand, tariff) * demand.choices + demand.predicted


def answer_bound(demand: Demand, tariff: Tariff) -> int:
    """The same of one answer."""
    said = demand.older if tariff.reads_older and demand.surface == "chat" else demand.output
    if said == NOT_SAID:
        return tariff.max_output or tariff.window or UNKNOWN_OUTPUT
    return min(said, tariff.max_output) if tariff.max_output else said


def lowered(max_nusd: int, demand: Demand, tariff: Tariff, floor: int) -> int | None:
    """The largest bound on one answer whose worst case costs no more than this.

    None: fewer tokens than the floor would fit, and fewer than were asked for.
    """
    wanted = answer_bound(demand, tariff)
    sheet = tariff.sheet(demand.terms)
    input_most = input_bound(demand, tariff)
    step = _step(sheet, input_most)
    fixed = input_most * _input_rate(step, demand)
    fixed += demand.searches * sheet.search + sheet.call + demand.predicted * step.output
    left = (max_nusd - ROUNDED) * ATTO_PER_NANO - fixed
    if left < 0:
        return wanted if not fixed and not step.output else None
    fits = wanted
    if step.output:
        fits = min(wanted, left // step.output // demand.choices)
    return fits if fits >= min(floor, wanted) else None


class _Thinking(Struct):
    budget_tokens: int | None = None


_THINKING = msgspec.json.Decoder(_Thinking | None)


def floor(envelope: Envelope) -> int:
    """Below which a bound on output is not lowered: thinking needs its own room."""
    raw = envelope.members.get("thinking")
    if raw is None:
        return LEAST_OUTPUT
    try:
        thinking = _THINKING.decode(raw)
    except BROKEN:
        return LEAST_OUTPUT
    return LEAST_OUTPUT + max((thinking.budget_tokens if thinking else 0) or 0, 0)


def bounded(surface: Surface, envelope: Envelope, tokens: int, field: str = "") -> Envelope:
    """The same request with this bound on one answer, and every other byte as it came.

    `field`: what the target calls the bound. Beside another name it is added only where it is
    the older one: OpenAI takes no two, and who reads the older one alone ignores the other.
    """
    names = surface.dialect.MAX_OUTPUT_FIELDS
    own = field if field in names else names[0]
    given = [name for name in names if name in envelope.members]
    wanted = [*given, own] if own == OLDER else given or [own]
    changes = dict.fromkeys(wanted, str(tokens).encode())
    return Envelope(b"".join(envelope.edit(changes)))


def _step(sheet: _Sheet, total: int) -> _Step:
    steps = sheet.steps
    if len(steps) > 1:
        for step in steps:
            if total > step.above:
                return step
    return steps[-1]


def _input_rate(step: _Step, demand: Demand) -> int:
    if demand.for_hour:
        return step.hour
    return step.marked if demand.marked else step.plain
