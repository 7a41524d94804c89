"""Everything that becomes known about one call while it runs, and the ledger row it turns into.

Rule 1: one Tally per call; logs, metrics and the row are derived from it and from nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, get_type_hints

import msgspec
from msgspec import Struct

from headgate.engine.purse import Hold, Purse
from headgate.engine.seat import Lone, Seat
from headgate.ledger.record import Entry, Intent
from headgate.money.pricing import Cost, Rates
from headgate.policy import affinity, estimate, prefix, unmarked
from headgate.policy.cap import HOUSE
from headgate.policy.loop import Vigil
from headgate.policy.router import Target
from headgate.upstream import Exchange
from headgate.wire import Surface
from headgate.wire import headers as fields
from headgate.wire.call import Call
from headgate.wire.model import Ending, Fault, Headers, Terms, Usage
from headgate.wire.reading import Hasher, Reading
from headgate.wire.stream import StreamWatch
from headgate.wire.translate import Retelling, Translation

LABEL_CHARS = 200
"""what a caller may say about itself and have kept"""


class Sink(Protocol):
    """Where a reply goes: an HTTP client, or a caller in the same process."""

    sent_at: float
    """when something was last sent, on the engine's clock"""

    async def whole(self, status: int, headers: Headers, body: bytes) -> None: ...
    async def start(self, status: int, headers: Headers) -> None: ...
    async def send(self, data: bytes) -> None: ...
    async def end(self, data: bytes) -> None: ...
    def put(self, data: bytes) -> None:
        """send() without waiting, for whoever has just asked stalled()."""
        ...

    def stalled(self) -> bool:
        """Does the reader refuse to read."""
        ...


class TryNote(Struct, frozen=True):
    """One upstream attempt, as the row keeps it."""

    provider: str
    model: str
    took_us: int
    status: int
    fault: str
    maybe_billed: bool
    upstream_id: str
    credential: str = ""


class Miss(NamedTuple):
    """Why a vendor's prompt cache did not hold a prompt."""

    why: str
    at: str = ""
    """the first part that differs from what was cached"""
    cost_nusd: int = 0


NO_MISS = Miss("")


class Bill(Protocol):
    """What was reckoned of a call before it was sent."""

    def learn(self, tally: Tally, settled: Settled) -> None:
        """Compare it with what the call came to."""
        ...


class Saver(Protocol):
    """What was planned for the vendor's prompt cache, or is to be advised."""

    def over(self, tally: Tally, settled: Settled) -> None:
        """The call is over: learn from it, and say in the row what was planned."""
        ...

    def drop(self) -> None:
        """The try came to nothing."""
        ...


class Tally(Struct, eq=False):
    """Mutable while the call runs; `entry` is read once, at settlement."""

    call: Call
    sink: Sink
    started: float
    at_us: int
    surface: Surface
    """which one of the upstream's the call goes through"""
    max_output: int
    charged: str
    """the accounts that pay, as the row keeps them"""
    crossing: Translation | None = None
    """how the call was translated, when that surface is of another dialect"""
    route: str = ""
    chosen_by: str = ""
    saver: Saver | None = None
    """plans for the vendor's prompt cache; None: nobody does"""
    cache_plan: str = ""
    """what was done, or advised, about the vendor's prompt cache"""
    fingerprint: prefix.Fingerprint | None = None
    """how its request begins; None: nobody has looked"""
    miss: Miss | None = None
    """why that cache did not hold the prompt; None: it did, or nobody expected it"""
    answered_from: str = ""
    """hit, near, join or replay; empty: an upstream was asked"""
    instead: Tally | None = None
    """the call whose answer this one shares, while it runs"""
    saved_nusd: int = 0
    """what the shared answer had cost"""
    cost_nusd: int = 0
    """known once it is settled"""
    target: Target | None = None
    credential: str = ""
    seat: Seat | None = None
    """among the accounts of its target's provider; None: the caller's own is used"""
    lone: Lone | None = None
    """the account instead, where nothing has to be known of it"""
    conversation: bytes = b""
    """under which name it keeps to one of them; empty: nobody has asked"""
    shared: bool = True
    """does the target's credential serve more than this caller"""
    exchange: Exchange | None = None
    watch: StreamWatch | Retelling | None = None
    reading: Reading = msgspec.field(default_factory=Reading)
    notes: list[TryNote] = []
    try_started: float = 0.0
    noted: bool = False
    """is the running exchange among the notes"""
    held: list[bytes] = []
    hold_until: float = 0.0
    deadline: float = 0.0
    """when a call that does not stream must be over; 0: no limit"""
    silence_s: float = 0.0
    first_content: float = 0.0
    committed: bool = False
    """has the client seen bytes"""
    once: Callable[[], Awaitable[None]] | None = None
    """asks for leave to send it; once a call that has this may have run, it goes to nobody"""
    answered: bool = False
    """has the reply been sent to its end"""
    status: int = 0
    fault: Fault | None = None
    ending: Ending | None = None
    canned: bool = False
    handle: int = 0
    settled: bool = False
    reply_bytes: int = 0
    purse: Purse | None = None
    """the accounts it counts against, where anything is capped"""
    hold: Hold | None = None
    """what is set aside of them"""
    bill: Bill | None = None
    bought: Settled | None = None
    """what it came to, where it asked nobody upstream but used what is ours"""
    probable_nusd: int = 0
    waited_us: int = 0
    follows: bool = False
    """is it told what another call is told, pings too"""
    vigil: Vigil | None = None
    """watches for loops; None: nobody does"""
    lesson: Callable[[Tally], None] | None = None
    """learns from the call's end; None: nobody does"""
    stalled_at: float = 0.0
    """when the client was last seen refusing to read"""
    advice: tuple[str, ...] = ()
    """warnings that hold whichever target answers"""
    warnings: tuple[str, ...] = ()
    """what the caller is told, each as `name: words`; the row keeps the names"""

    @classmethod
    def of(cls, call: Call, sink: Sink, started: float, at_us: int) -> Tally:
        """A call that begins."""
        return cls(call, sink, started, at_us, call.surface, max_output(call), charged(call))

    @property
    def lowered(self) -> bool:
        """Was less output asked for than its caller wanted, as a budget had no more left."""
        return self.hold is not None and self.hold.need.bound > 0

    def begin_try(self, hasher: Hasher | None) -> None:
        """Forget what an earlier try said: it is no part of this one's answer."""
        self.surface, self.crossing = self.call.surface, None
        if self.notes:
            self.reading = Reading()
            self.watch = None
            self.held.clear()
            self.first_content = 0.0
        self.reading.hasher = hasher


def intent(tally: Tally, target: Target) -> Intent:
    call = tally.call
    return Intent(
        call.id,
        tally.at_us,
        call.holder.key_id,
        call.surface.name,
        call.model,
        target.provider,
        target.model or call.model,
        estimate.tokens(len(call.envelope.body)),
        tally.max_output,
        tally.charged,
        tally.probable_nusd,
    )


def charged(call: Call) -> str:
    """The accounts that pay for a call, with spaces between."""
    found: str | None = call.kept.get(charged)
    if found is None:
        found = call.kept[charged] = " ".join((HOUSE, *call.holder.accounts))
    return found


def max_output(call: Call) -> int:
    """The caller's own bound on output tokens; 0: none."""
    for name in call.surface.dialect.MAX_OUTPUT_FIELDS:
        if name in call.envelope.members:
            try:
                return call.envelope.count(name)
            except Fault:
                return 0  # the provider refuses it better than we could
    return 0


class Settled(Struct, frozen=True):
    """What settlement added to a tally: the tokens that count, their cost, and from where."""

    usage: Usage
    usage_from: str
    terms: Terms
    rates: Rates | None
    cost: Cost | None
    uncached_nusd: int = 0
    """what its input would have cost without a cache"""


def fingerprint(tally: Tally, key: bytes | None) -> prefix.Fingerprint:
    """How the call's request begins; it is looked at once. Without a key nothing is kept."""
    found = tally.fingerprint
    if found is None:
        found = UNPRINTED
        if key is not None:
            call = tally.call
            marks = _MARKS.get(call.surface.dialect.NAME, unmarked.NAMES)
            found = prefix.fingerprint(call.envelope, key, marks)
        tally.fingerprint = found
    return found


_MARKS = {"anthropic": unmarked.ANTHROPIC}
UNPRINTED: prefix.Fingerprint = (None, 0, "")


def entry(tally: Tally, settled: Settled, now: float, key: bytes | None) -> Entry:
    """The call's row; `key` keys the fingerprints, None: they are off."""
    call, reading, cost = tally.call, tally.reading, settled.cost
    labels, notes = _labels(call), tally.notes
    rates, target = settled.rates, tally.target
    pairs, offered, opening = fingerprint(tally, key)
    troubled = len(notes) > 1 or (bool(notes) and bool(notes[0].fault))
    told = troubled or (bool(notes) and tally.bought is not None)
    # By position, in the record's order: to look names up is a fifth of a settlement.
    return Entry(
        call.id,
        tally.at_us,
        int((now - tally.started) * 1e6),
        int((tally.first_content - tally.started) * 1e6) if tally.first_content else 0,
        call.surface.name,
        call.holder.key_id,
        _session(call, labels),
        labels.agent,
        labels.tags,
        labels.client,
        labels.latency_class,
        call.model[:LABEL_CHARS],
        tally.route,
        target.provider if target is not None else "",
        tally.credential,
        (target.model or call.model)[:LABEL_CHARS] if target is not None else "",
        reading.model[:LABEL_CHARS],
        notes[-1].upstream_id if notes else "",
        tally.status,
        tally.fault.kind.value if tally.fault is not None else "",
        (tally.ending or Ending.ERROR).value,
        int(call.stream),
        int(tally.canned),
        len(notes),
        sum([note.maybe_billed for note in notes]),
        _tries_json(notes) if told else None,
        *settled.usage,
        settled.usage_from,
        *settled.terms,
        *(cost if cost is not None else _NO_COST),
        cost.total_nusd if cost is not None else 0,
        rates.version if rates is not None else "",
        rates.priced_by if rates is not None else "",
        tally.max_output,
        len(call.envelope.body),
        tally.reply_bytes,
        offered,
        reading.tools_called,
        pairs,
        _reply_hash(reading, key),
        "",  # batch_id
        ",".join(_warnings(tally)),
        int(tally.exchange is not None and _is_simulated(tally.exchange)),
        *call.holder[1:5],
        tally.charged,
        tally.waited_us,
        tally.chosen_by,
        # mypy loses count where tuples of several lengths are unpacked (2.4)
        *_cached(tally, settled.uncached_nusd, opening),  # type: ignore[arg-type]
    )


class _Cached(NamedTuple):
    """The row's last columns: what caches planned, missed and saved."""

    uncached_nusd: int
    cache_plan: str
    opening: str
    miss: str
    miss_at: str
    miss_nusd: int
    answered_from: str
    saved_nusd: int


def _cached(tally: Tally, uncached_nusd: int, opening: str) -> _Cached:
    saved = tally.saved_nusd if tally.instead is None else tally.instead.cost_nusd
    missed = tally.miss or NO_MISS
    return _Cached(
        uncached_nusd, tally.cache_plan, opening, *missed, tally.answered_from, saved
    )


_NO_COST = Cost(0, 0, 0, 0, 0)


def _warnings(tally: Tally) -> list[str]:
    """The names of everything that was warned of."""
    found = tally.reading.warnings
    if tally.warnings:
        names = [warning.partition(":")[0] for warning in tally.warnings]
        found = list(dict.fromkeys([*names, *found]))
    return found


_BLANK = Entry._make({int: 0, str: ""}.get(kind) for kind in get_type_hints(Entry).values())


def bare_entry(tally: Tally, now: float) -> Entry:
    """What is known of the call without reading anything that may be broken."""
    call, target = tally.call, tally.target
    return _BLANK._replace(
        id=call.id,
        at_us=tally.at_us,
        took_us=int((now - tally.started) * 1e6),
        surface=call.surface.name,
        key_id=call.holder.key_id,
        model_asked=call.model[:LABEL_CHARS],
        provider=target.provider if target is not None else "",
        model_sent=(target.model or call.model)[:LABEL_CHARS] if target is not None else "",
        status=tally.status,
        fault=tally.fault.kind.value if tally.fault is not None else "",
        ending=(tally.ending or Ending.ERROR).value,
        stream=int(call.stream),
        tries=len(tally.notes),
        maybe_billed=sum(note.maybe_billed for note in tally.notes),
        usage_from="none",
        organisation=call.holder.organisation,
        team=call.holder.team,
        cost_centre=call.holder.cost_centre,
        key_tags=call.holder.tags,
        charged=tally.charged,
    )


def _is_simulated(exchange: Exchange) -> bool:
    return fields.first(exchange.headers, b"x-headgate-simulated") == b"true"


def _reply_hash(reading: Reading, key: bytes | None) -> bytes | None:
    if reading.hasher is None or key is None or not reading.text_chars:
        return None
    return prefix.seal(reading.hasher, key)


class _Labels(NamedTuple):
    """What a caller's header fields say of it."""

    session: str
    agent: str
    tags: str
    client: str
    latency_class: str


def _labels(call: Call) -> _Labels:
    labels: _Labels | None = call.kept.get(_Labels)
    if labels is None:
        told = call.told
        session = next((name for name in _SESSIONS if told.get(name)), b"")
        labels = call.kept[_Labels] = _Labels(
            _label(told, session),
            _label(told, b"x-claude-code-agent-id"),
            _tags(call.holder.tags, told.get(b"x-headgate-tags", b"")),
            _label(told, b"user-agent"),
            _label(told, b"x-headgate-latency"),
        )
    return labels


def conversation(call: Call) -> bytes:
    """The name under which a conversation keeps to one account."""
    return affinity.name_of(_session(call, _labels(call)), call.envelope)


def session_of(call: Call) -> tuple[str, str]:
    """(session, agent), as the client names them in its header fields or its body."""
    labels = _labels(call)
    return _session(call, labels), labels.agent


def session_named(call: Call) -> str:
    """The session that the client's header fields name; empty: none."""
    return _labels(call).session


def thread(call: Call, route: str) -> bytes:
    """By which name a conversation that has one is remembered on a route; empty: it has none.

    An agent's workers share its session and have each a conversation of their own.
    """
    labels = _labels(call)
    session = _session(call, labels)
    return f"{route}\0{session}\0{labels.agent}".encode("utf-8", "replace") if session else b""


def tags(call: Call) -> list[str]:
    """The key's and the caller's own."""
    found = _labels(call).tags
    return found.split(",") if found else []


def _session(call: Call, labels: _Labels) -> str:
    return labels.session or call.surface.dialect.session(call.envelope)[:LABEL_CHARS]


_SESSIONS = (b"x-claude-code-session-id", b"session-id", b"x-session-id")


def _tags(own: str, declared: bytes) -> str:
    """The key's tags first, then what the caller adds to them: whole ones, each once."""
    text = declared[:LABEL_CHARS].decode("latin-1")
    if len(declared) > LABEL_CHARS and "," in text:
        text = text.rpartition(",")[0]
    found = [each for tag in text.split(",") if (each := tag.strip())]
    return ",".join(dict.fromkeys([*own.split(","), *found] if own else found))


def _label(told: dict[bytes, bytes], name: bytes) -> str:
    value = told.get(name)
    return "" if value is None else value[:LABEL_CHARS].decode("latin-1")


def _tries_json(notes: list[TryNote]) -> str:
    return msgspec.json.encode(notes).decode()
