"""Which calls look like a loop: the same request again and again, or a session without end.

Rule 1: a request comes again when an equal one was answered before and none is under way. Of
one that was under way twice at once nothing is counted for a window: whoever samples a prompt
many times, several at once, wants many answers and is no loop.
Rule 2: what comes again after a failure is a retry: it is counted by itself.
Rule 3: what is stopped begins anew when its rest is over: nothing is held against it.
Rule 4: what is remembered is bounded, and forgotten when its window has passed.
Rule 5: one process counts for itself. Where several share the calls of a session, each may
see as many as the number says before it notices: together N times as many.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

MOST_BODIES = 20_000
MOST_SESSIONS = 10_000
PARTS = 12
"""of a window: what falls out of it falls out part by part"""
NOTICED_SHARE = 0.8
"""of what a session is allowed: from there on it is told"""

What = Literal["identical", "failed", "calls", "money"]
Ended = Literal["answered", "failed"]


class Rules(NamedTuple):
    """From when on something looks like a loop, and from when on it is stopped. 0: never."""

    identical: int
    """how often a request that was answered may come again unnoticed"""
    identical_stop: int
    """the same, stopped, in a session that its client names"""
    unnamed_stop: int
    """and where it names none"""
    failed: int
    """how often one that failed may"""
    failed_stop: int
    window_s: float
    session_calls: int
    session_nusd: int
    session_window_s: float
    cool_s: float

    @property
    def bodies(self) -> bool:
        return any(self[:5])

    @property
    def sessions(self) -> bool:
        return bool(self.session_calls or self.session_nusd)


class Finding(NamedTuple):
    """What was noticed of a call that has just come."""

    what: What
    stop: bool
    amount: int
    """how often it came again, how many calls there were, or nano-dollars"""
    bound: int
    """the number that was reached"""
    lasted_s: float
    """for how long it has gone on"""
    rest_s: float
    """how long it stays stopped"""
    first: bool
    """was it not noticed before"""


class Window:
    """The sum of what fell into the last so many seconds, and since when."""

    __slots__ = ("_parts", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / PARTS
        self._parts: list[tuple[int, float, int]] = []
        """(number, when it began to fill, sum)"""

    def add(self, amount: int, now: float) -> None:
        parts, number = self._parts, int(now // self._width)
        if parts and parts[-1][0] >= number:
            last = parts[-1]
            parts[-1] = (last[0], last[1], last[2] + amount)
        else:
            parts.append((number, now, amount))

    def sum(self, now: float) -> int:
        self._forget(now)
        return sum([part[2] for part in self._parts])

    def since(self, now: float) -> float:
        """When the oldest of it fell in."""
        self._forget(now)
        return self._parts[0][1] if self._parts else now

    def clear(self) -> None:
        self._parts.clear()

    def _forget(self, now: float) -> None:
        oldest = int(now // self._width) - PARTS
        while self._parts and self._parts[0][0] < oldest:
            del self._parts[0]


class Body(Struct, gc=False):
    """One request's text, and how it fared."""

    forget_at: float
    running: int = 0
    sampled_until: float = 0.0
    """until when it counts as asked for many times on purpose"""
    last: Ended | None = None
    answered: Window | None = None
    failed: Window | None = None
    noticed: bool = False
    stopped_until: float = 0.0
    stopped: Finding | None = None


class Session(Struct, gc=False):
    """All calls of one conversation, or of an agent and its workers."""

    forget_at: float
    calls: Window
    nusd: Window
    noticed: bool = False
    stopped_until: float = 0.0
    stopped: Finding | None = None


class Vigil(Struct, gc=False):
    """What the end of one call is waited for to tell."""

    body: Body | None = None
    session: Session | None = None

    def over(self, *, answered: bool) -> None:
        """It has ended; what it cost comes later."""
        if self.body is not None:
            self.body.running -= 1
            self.body.last = "answered" if answered else "failed"

    def pay(self, nusd: int, now: float) -> None:
        if self.session is not None and nusd:
            self.session.nusd.add(nusd, now)


Name = tuple[str, int | bytes]
"""who asks, and what of theirs it is"""


class Loops:
    """What one process remembers of requests and sessions."""

    def __init__(self) -> None:
        self._bodies: dict[Name, Body] = {}
        self._sessions: dict[Name, Session] = {}

    def body(self, name: Name, rules: Rules, now: float) -> Body:
        """What is known of a request."""
        bodies = self._bodies
        found = bodies.pop(name, None)
        if found is None:
            _make_room(bodies, MOST_BODIES, now)
            found = Body(0.0)
        elif found.forget_at <= now:
            found.answered = found.failed = found.last = found.stopped = None
            found.noticed = False
        bodies[name] = found
        found.forget_at = now + max(rules.window_s, found.stopped_until - now)
        return found

    def session(self, name: Name, rules: Rules, now: float) -> Session:
        """What is known of a session."""
        sessions, window = self._sessions, rules.session_window_s
        found = sessions.pop(name, None)
        if found is None or found.forget_at <= now:
            _make_room(sessions, MOST_SESSIONS, now)
            found = Session(0.0, Window(window), Window(window))
        sessions[name] = found
        found.forget_at = now + max(window, found.stopped_until - now)
        return found


def _make_room(known: dict[Name, Body] | dict[Name, Session], most: int, now: float) -> None:
    """Drop what was touched the longest ago, where that is over or there are too many."""
    for _ in range(2):
        oldest = next(iter(known), None)
        if oldest is None or (len(known) < most and known[oldest].forget_at > now):
            return
        del known[oldest]


def again(body: Body, rules: Rules, now: float, *, named: bool) -> Finding | None:
    """A request has come: is it one too many. It is under way from here on, unless stopped."""
    if (rest := _resting(body, now)) is not None:
        return rest
    if body.running:
        body.sampled_until = now + rules.window_s
    body.running += 1
    last = body.last
    if last is None or now < body.sampled_until:
        return None
    if last == "answered":
        body.answered = window = body.answered or Window(rules.window_s)
        notice = rules.identical
        stop = rules.identical_stop if named else rules.unnamed_stop
    else:
        body.failed = window = body.failed or Window(rules.window_s)
        notice, stop = rules.failed, rules.failed_stop
    window.add(1, now)
    times = window.sum(now)
    what: What = "identical" if last == "answered" else "failed"
    lasted = now - window.since(now)
    if stop and times >= stop:
        body.running -= 1
        body.answered = body.failed = body.last = None
        found = Finding(what, True, times, stop, lasted, rules.cool_s, True)
        return _stop(body, found, now)
    if not notice or times < notice:
        body.noticed = False
        return None
    first, body.noticed = not body.noticed, True
    return Finding(what, False, times, notice, lasted, 0.0, first)


def goes_on(session: Session, rules: Rules, now: float) -> Finding | None:
    """A session makes another call: is it one too many, or has it cost too much."""
    if (rest := _resting(session, now)) is not None:
        return rest
    session.calls.add(1, now)
    calls, nusd = session.calls.sum(now), session.nusd.sum(now)
    lasted = now - session.calls.since(now)
    bounds: list[tuple[What, int, int]] = [
        ("calls", calls - 1, rules.session_calls),  # this one is not made yet
        ("money", nusd, rules.session_nusd),
    ]
    for what, amount, bound in bounds:
        if bound and amount >= bound:
            session.calls.clear()
            session.nusd.clear()
            found = Finding(what, True, amount, bound, lasted, rules.cool_s, True)
            return _stop(session, found, now)
    for what, amount, bound in bounds:
        if bound and amount >= bound * NOTICED_SHARE:
            first, session.noticed = not session.noticed, True
            return Finding(what, False, amount, bound, lasted, 0.0, first)
    session.noticed = False
    return None


def _stop(stopped: Body | Session, found: Finding, now: float) -> Finding:
    stopped.noticed = False
    stopped.stopped = found
    stopped.stopped_until = now + found.rest_s
    stopped.forget_at = max(stopped.forget_at, stopped.stopped_until)
    return found


def _resting(stopped: Body | Session, now: float) -> Finding | None:
    """Why it is stopped still; None: it is not."""
    if stopped.stopped is None:
        return None
    if stopped.stopped_until > now:
        return stopped.stopped._replace(rest_s=stopped.stopped_until - now, first=False)
    stopped.stopped = None
    return None
