"""Stops what runs in circles: watches every call that converses, and says what it saw of it.

Rule 1: a stop says what came how often, since when, until when it holds and what to do, and no
client tries again on it.
Rule 2: calls of one key never count against another's.
Rule 3: a new configuration begins anew: reading it again releases whatever is stopped.
Rule 4: each process counts for itself. A client keeps to its connection and so to one process;
one that spreads a loop over N processes is noticed after at most N times the number. Money is
counted when a call is over, so calls under way may take a session beyond its amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import xxhash

from headgate.config import Config
from headgate.config.model import Loops as Settings
from headgate.engine.ground import Ground
from headgate.engine.tally import Tally, conversation, session_named
from headgate.policy import loop
from headgate.policy.event import EventKind
from headgate.policy.loop import Finding, Loops, Rules, Vigil
from headgate.wire.call import Holder
from headgate.wire.model import Fault, Kind

SUSPECTED = "loop_suspected"
"""the warning a caller gets, and the name it has in the row"""
HOUR_US = 3_600_000_000
"""a session that is stopped again and again is an event once an hour"""
DAY_US = 24 * HOUR_US
"""one that is only suspected, which may be somebody's health check, once a day"""
KNOWN_HOLDERS = 2000
NUSD = 1_000_000_000


class _Watch(NamedTuple):
    """What calls are watched for."""

    rules: Rules
    answer: str
    sessions: bool
    bodies: bool

    @classmethod
    def of(cls, settings: Settings) -> _Watch:
        found = rules(settings)
        return cls(found, settings.answer, found.sessions, found.bodies)


class Breaker:
    """Watches the calls of one engine."""

    def __init__(self, config: Config, ground: Ground) -> None:
        self._ground = ground
        self._plain = _Watch.of(config.loops)
        self._by_tag = {name: _Watch.of(loops) for name, loops in config.loops_of_tags}
        self._by_tags: dict[str, _Watch] = {"": self._plain}
        self._loops = Loops()

    def watch(self, tally: Tally) -> None:
        """Note that the call has come; Fault: it is one too many."""
        call = tally.call
        if not call.surface.converses:
            return
        now = self._ground.clock()
        limits, answer, sessions, bodies = self._rules(call.holder)
        named = session_named(call)
        who = f"{call.holder.key_id}\0{named}"
        vigil = Vigil()
        if sessions:
            name = (who, b"" if named else conversation(call))
            vigil.session = self._loops.session(name, limits, now)
            self._told(tally, loop.goes_on(vigil.session, limits, now), answer)
        if bodies:
            digest = xxhash.xxh3_64_intdigest(call.envelope.body)
            vigil.body = self._loops.body((who, digest), limits, now)
            found = loop.again(vigil.body, limits, now, named=bool(named))
            self._told(tally, found, answer)
        tally.vigil = vigil

    def _rules(self, holder: Holder) -> _Watch:
        """Those of the first tag that has any, in the order of the file."""
        tags = holder.tags
        found = self._by_tags.get(tags)
        if found is None:
            own = tags.split(",")
            found = next((it for tag, it in self._by_tag.items() if tag in own), self._plain)
            if len(self._by_tags) < KNOWN_HOLDERS:
                self._by_tags[tags] = found
        return found

    def _told(self, tally: Tally, found: Finding | None, answer: str) -> None:
        if found is None:
            return
        if found.first:
            self._note(tally, found)
        if found.stop:
            raise Fault(Kind.LOOP, stopped(found, answer), detail=found.what)
        tally.advice += (f"{SUSPECTED}: {seen(found)}",)

    def _note(self, tally: Tally, found: Finding) -> None:
        call = tally.call
        holder, named = call.holder, session_named(call)
        about = f"session:{named}" if named else f"key:{holder.key_id}"
        who = f"{holder.key_id} {named}"
        kind: EventKind = "loop_stopped" if found.stop else "loop_suspected"
        detail = {
            "what": found.what,
            "amount": found.amount,
            "bound": found.bound,
            "seconds": round(found.lasted_s, 1),
            "stopped_for_s": found.rest_s,
            "session": named,
            "key": holder.key_id,
            "team": holder.team,
            "model": call.model,
            "surface": call.surface.name,
            "call": call.id,
        }
        span = tally.at_us // (HOUR_US if found.stop else DAY_US)
        once = f"{kind} {found.what} {who} {span}"
        self._ground.notices.note(kind, about, once, detail)


def rules(settings: Settings) -> Rules:
    """The settings as the policy takes them."""
    return Rules(
        settings.identical,
        settings.identical_stop,
        settings.unnamed_stop,
        settings.failed,
        settings.failed_stop,
        settings.identical_window_s,
        settings.session_calls,
        int(Decimal(settings.session_usd) * NUSD),
        settings.session_window_s,
        settings.cool_s,
    )


def seen(found: Finding) -> str:
    """What came how often, and for how long."""
    time = lasting(found.lasted_s)
    if found.what == "calls":
        return f"this session made {found.amount} calls within {time}"
    if found.what == "money":
        return f"this session cost ${found.amount / NUSD:.2f} within {time}"
    after = "answered" if found.what == "identical" else "refused or cut off"
    return (
        f"the same request came again {found.amount} times within {time} after it was {after}"
    )


def stopped(found: Finding, answer: str) -> str:
    """The reason a caller reads, and what is to be done."""
    if found.what in ("identical", "failed"):
        rule = {"identical": "identical_stop", "failed": "failed_stop"}[found.what]
        what = "it is not sent on"
        mend = "look at what the agent repeats; another request is answered at once"
    else:
        rule = {"calls": "session_calls", "money": "session_usd"}[found.what]
        what = "it is not served"
        mend = "look at what the agent does, or begin a new session"
    words = (
        f"stopped as a loop: {seen(found)}; for {lasting(found.rest_s)} {what}."
        f" To go on: {mend}. The operator sets the bound as {rule} under [loops]"
    )
    return f"{words}. {answer}" if answer else words


def lasting(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
