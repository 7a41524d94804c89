"""Remembers what calls left in vendors' prompt caches, and says why a later one found less.

Rule 1: it looks when a call is settled: nobody waits for it.
Rule 2: a call that read all that any earlier one left has missed nothing, and costs no more
than a look at hashes that are there anyway; only one that may have missed is compared.
Rule 3: a call is measured by the one it goes on from, else by one that opened alike; without
either it is the first, and no miss.
Rule 4: what is remembered is bounded; the longest unused goes first.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import xxhash

from headgate.engine.lookback import Held, Prompt
from headgate.engine.tally import Miss, Settled, Tally, fingerprint, session_of
from headgate.policy import miss, prefix, trail, unmarked
from headgate.policy.miss import Link, Now, Past, Verdict
from headgate.policy.trail import Trail
from headgate.wire.envelope import Envelope

KEPT = 4_000
"""conversations and openings"""
KEPT_SCOPES, KEPT_OF_SCOPE = 2_000, 6
ALIKE = 0.5
"""which share of two openings must be the same for one to be the other, changed"""
ALIKE_BYTES, ALIKE_SHARE = 64, 0.02
"""or by how much their sizes may differ, where they are one short text each"""
LONGEST_PLACE = 160
_Name = TypeVar("_Name")
_Value = TypeVar("_Value")
_SETTINGS = (
    "tool_choice",
    "thinking",
    "output_config",
    "speed",
    "reasoning",
    "reasoning_effort",
)
_ELSEWHERE = ("previous_response_id", "conversation")
"""where a vendor keeps the turns, nobody sees here what the prompt was"""


class Thread(NamedTuple):
    """The last call of a conversation."""

    prompt: Prompt
    past: Past
    settings: dict[str, int]
    opening: bytes
    """the hash of all that stands before its turns"""
    sizes: tuple[int, int]
    """bytes of that, and of the whole prompt"""
    opens_marked: bool
    """did Headgate mark what stands before the turns"""


class _Asked(NamedTuple):
    """What is known of the call in question before it is compared."""

    scope: tuple[str, ...]
    hashes: list[bytes]
    """of its prefixes, the whole last"""
    sizes: tuple[int, int]
    """bytes of its opening, and of the whole prompt"""
    opening: bytes
    """that of all that stands before the turns; empty: nothing does"""
    seed: int


class _Call(NamedTuple):
    """The call in question."""

    asked: _Asked
    prompt: Prompt
    now: Now
    envelope: Envelope


class Misses:
    """One for all calls of a process."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._wholes: dict[bytes, Thread] = {}
        """by the hash of the whole prompt, which the next turn finds among its own"""
        self._openings: dict[bytes, Thread] = {}
        self._scopes: dict[tuple[str, ...], list[tuple[bytes, Thread]]] = {}
        self._held = Held()

    def __len__(self) -> int:
        return len(self._wholes)

    def look(self, tally: Tally, settled: Settled, key: bytes | None) -> Miss | None:
        """Why the call read less than it should have; None: it did not, or nobody knows."""
        asked = _asked(tally, settled, key)
        if asked is None:
            return None
        envelope = tally.call.envelope
        call = _Call(asked, Prompt(envelope, asked.seed), _now(tally, settled), envelope)
        name = next((h for h in reversed(asked.hashes) if h in self._wholes), b"")
        before = self._wholes.get(name)
        link = Link(goes_on=True) if before is not None else None
        if before is None:
            name, before, link = self._found(call)
        found: Miss | None = None
        settings = _settings(envelope)
        if before is not None and link is not None:
            link = link._replace(setting=_differing(before.settings, settings))
            verdict = self._judge(call, before, link, tally)
            found = _told(verdict, link, tally, settled) if verdict is not None else None
        kin = before or self._openings.get(asked.opening)
        ttl_s = kin.past.ttl_s if kin is not None else miss.SHORT_S
        past, plan = _past(call.now, ttl_s), tally.cache_plan
        marks_opening = plan.startswith("on ") and not plan.startswith("on turns")
        opens_marked = call.now.automatic or marks_opening
        thread = Thread(call.prompt, past, settings, asked.opening, asked.sizes, opens_marked)
        self._keep(asked, thread, name if link is not None and link.goes_on else b"")
        return found

    def _found(self, call: _Call) -> tuple[bytes, Thread | None, Link | None]:
        """An earlier call that it might have read more of; None: there is none."""
        asked, usage = call.asked, call.now.usage
        alike = self._openings.get(asked.opening)
        kin = [thread for _, thread in self._scopes.get(asked.scope, ())]
        kin += [alike] if alike is not None else []
        if any(it.past.cached > usage.cache_read for it in kin):
            return self._nearest(call)
        if alike is None or miss.is_cached(usage):
            return b"", None, None
        opening, whole = alike.sizes  # nobody caches: how much of it was there is enough
        return b"", alike, Link(False, opening / max(whole, 1), opening / max(whole, 1))

    def _judge(self, call: _Call, before: Thread, link: Link, tally: Tally) -> Verdict | None:
        past, now, told = before.past, call.now, tally.reading.cache_miss
        old = before.prompt.trail() if past.cached > now.usage.cache_read else None
        if not link.goes_on:
            opens_marked = old is not None and old.opening_is_marked
            past = past._replace(keeps_opening=before.opens_marked or opens_marked)
        verdict = miss.judge(past, now, link, told)
        if verdict is not None and verdict.why == "unmarked" and _is_marked(call.envelope):
            verdict = miss.judge(past, now._replace(marked=True), link, told)
        if verdict is not None and not now.automatic and old is not None:
            blocks = trail.added_blocks(old, call.envelope) if link.change is None else 0
            verdict = miss.overlooked(verdict, blocks)
        return verdict

    def _nearest(self, call: _Call) -> tuple[bytes, Thread | None, Link | None]:
        """The earlier call that this one most likely goes on from, or opens like."""
        asked, model = call.asked, call.now.model
        candidates = list(self._scopes.get(asked.scope, ()))
        kin = self._openings.get(asked.opening)
        if kin is not None:
            candidates.append((b"", kin))
        best: tuple[bytes, Thread | None, Link | None] = (b"", None, None)
        highest: tuple[int, bool, int, float] | None = None
        if not candidates:
            return best
        before = kin.prompt.trail() if kin is not None else None
        laid = call.prompt.lay_beside(before, same=before is not None, grown=False)
        for name, thread in candidates:
            old = thread.prompt.trail()
            if old is None:
                continue
            link, rank = _link(thread, old, laid, model)
            kept = int(link.share * old.size)
            height = (rank, thread.past.model == model, kept, thread.past.at)
            if rank and (highest is None or height > highest):
                best, highest = (name, thread, link), height
        return best

    def _keep(self, asked: _Asked, thread: Thread, instead: bytes) -> None:
        """Remember the call, `instead` of the one it goes on from."""
        whole = asked.hashes[-1]
        known = self._wholes.get(whole)
        if known is not None and known.past.at > thread.past.at:
            return  # it ended after one that began later
        gone_on = self._wholes.pop(instead, None)
        _put(self._wholes, whole, thread, self._most)
        if asked.opening:
            _put(self._openings, asked.opening, thread, self._most)
        self._held.take(thread.prompt)
        if gone_on is not None and self._openings.get(gone_on.opening) is not gone_on:
            self._held.drop(gone_on.prompt)
        gone = (instead, whole)
        kept = [it for it in self._scopes.get(asked.scope, ()) if it[0] not in gone]
        kept.append((whole, thread))
        _put(self._scopes, asked.scope, kept[-KEPT_OF_SCOPE:], KEPT_SCOPES)


def _put(into: dict[_Name, _Value], name: _Name, value: _Value, most: int) -> None:
    into.pop(name, None)
    into[name] = value
    if len(into) > most:
        del into[next(iter(into))]


def _asked(tally: Tally, settled: Settled, key: bytes | None) -> _Asked | None:
    """None: nothing can be said of the call, because it is short, unpriced or failed."""
    call = tally.call
    if (
        key is None
        or len(call.envelope.body) < prefix.SHORT_BYTES
        or settled.usage_from != "provider"
        or not (settled.usage.input_total and call.surface.converses)
        or tally.target is None
        or any(_is_there(call.envelope, name) for name in _ELSEWHERE)
    ):
        return None
    pairs, _, opening = fingerprint(tally, key)
    found = prefix.unpack(pairs or b"")
    if not found:
        return None
    hashes = [h for h, _ in found]
    before_turns = opening.count(",") if opening else -1
    sizes = (found[before_turns][1] if before_turns >= 0 else 0, found[-1][1])
    scope = (call.holder.key_id, *session_of(call))
    name = hashes[before_turns] if before_turns >= 0 else b""
    return _Asked(scope, hashes, sizes, name, int.from_bytes(key[:8]))


def _is_there(envelope: Envelope, name: str) -> bool:
    raw = envelope.members.get(name)
    return raw is not None and bytes(raw) != b"null"


def _link(thread: Thread, old: Trail, laid: Trail, model: str) -> tuple[Link, int]:
    """How they hang together, and how surely: 3, the same conversation, to 0, not at all."""
    change = trail.first_difference(old, laid)
    kept = change.kept if change is not None else min(old.size, laid.size)
    size = max(old.size, 1)
    is_same = change is None or change.member in trail.TURNS
    is_near = is_same or _is_alike(old, laid)
    goes_on = is_near and trail.is_one_talk(old, laid)
    link = Link(goes_on, kept / size, old.head_size / size, change)
    if goes_on:
        return link, 3
    if is_same:
        return link, 2 if laid.head_size else 0
    return link, 1 if is_near and model == thread.past.model else 0


def _is_alike(old: Trail, new: Trail) -> bool:
    """Is one opening likely the other, changed."""
    if trail.likeness(old, new) >= ALIKE:
        return True
    if [it.name for it in old.opening] != [it.name for it in new.opening]:
        return False
    size = old.opening_size
    return abs(size - new.opening_size) <= max(ALIKE_BYTES, ALIKE_SHARE * size) > 0 < size


def _now(tally: Tally, settled: Settled) -> Now:
    call, target, rates = tally.call, tally.target, settled.rates
    assert target is not None
    automatic = tally.surface.dialect.NAME != "anthropic"
    charged = automatic and bool(settled.cost and _charges_writes(settled))
    return Now(
        tally.started,
        tally.first_content or tally.started,
        target.model or call.model,
        _account(tally),
        settled.usage,
        charged or tally.cache_plan.startswith("on "),
        automatic and not charged,
        0 if rates is None or tally.cache_plan == "on none" else rates.cache_minimum or 0,
    )


def _charges_writes(settled: Settled) -> bool:
    """Vendors that charge for writes say what was written: what they do not say was not."""
    assert settled.rates is not None
    plain, *_, write_30m, _, _ = settled.rates.table(settled.terms).bands[-1].rates
    return write_30m > plain


def _account(tally: Tally) -> str:
    assert tally.target is not None
    account = f"{tally.target.provider}/{tally.credential}"
    holder = tally.call.holder.key_id
    return f"{account} of {holder}" if tally.credential == "client" and holder else account


def _is_marked(envelope: Envelope) -> bool:
    return bool(unmarked.ranges(envelope.body, 0, len(envelope.body)))


def _past(now: Now, ttl_s: float) -> Past:
    """What the call leaves for the next one."""
    usage = now.usage
    return Past(
        now.at,
        now.readable,
        now.model,
        now.account,
        usage.input_total,
        miss.left_behind(usage, automatic=now.automatic),
        miss.lives_s(usage, ttl_s),
    )


def _settings(envelope: Envelope) -> dict[str, int]:
    members = envelope.members
    return {
        name: xxhash.xxh3_64_intdigest(bytes(members[name]))
        for name in _SETTINGS
        if name in members
    }


def _differing(old: dict[str, int], new: dict[str, int]) -> str:
    if old == new:
        return ""
    return next(name for name in _SETTINGS if old.get(name) != new.get(name))


def _told(verdict: Verdict, link: Link, tally: Tally, settled: Settled) -> Miss:
    change, at = link.change, verdict.note
    if change is not None and verdict.why in _PLACES.get(change.member, ()):
        at = trail.place(change, tally.call.envelope)
    cost = 0
    if settled.rates is not None and settled.cost is not None:
        cost = miss.cost_nusd(
            verdict.tokens, settled.usage, settled.cost, settled.rates, settled.terms
        )
    return Miss(verdict.why, at[:LONGEST_PLACE], cost)


_PLACES = {
    "tools": ("tools_changed",),
    "instructions": ("system_changed",),
    "system": ("system_changed",),
    "messages": ("messages_changed",),
    "input": ("messages_changed",),
}
