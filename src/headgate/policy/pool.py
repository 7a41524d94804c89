"""The accounts of all providers as they are known here: which one a call goes to, and why.

Rule 1: what a vendor tells of an account holds for one family of models; a refused credential
is refused for all of them, unless it was one model that it may not use.
Rule 2: every call that was sent is heard of and is over once, whatever becomes of it.
Rule 3: a success of a call that began earlier does not take a refusal back.
Rule 4: all of it is bounded, and may be lost: then a vendor's next replies tell it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from headgate.policy import affinity, choice, quarantine
from headgate.policy.choice import NEVER, Option, Pick
from headgate.policy.headroom import Draw, Room, Stake, family
from headgate.policy.health import ASKED_LONGEST_S, LIMITED_S
from headgate.policy.quarantine import Quarantine
from headgate.policy.warmth import Seen, Warm, Warmth
from headgate.wire.headroom import Told
from headgate.wire.model import Usage

KNOWN = 2000
"""families of models of accounts, of which limits are known; the oldest makes room"""
FRESH_S = 0.02
"""what a vendor told so shortly ago need not be read again"""
EVERY_MODEL = ""

Name = tuple[str, str]
"""(provider, account)"""


class Ask(NamedTuple):
    """What a call wants of one provider."""

    provider: str
    model: str
    accounts: Sequence[str]
    """by their public labels"""
    conversation: bytes
    size: int
    """bytes of the request"""
    output: int = 0
    """the most it may answer; 0: it sets no bound"""


class Record:
    """What one account has been through."""

    __slots__ = ("calls", "limited", "refused")

    def __init__(self) -> None:
        self.calls = 0
        """answered"""
        self.limited = 0
        """429s"""
        self.refused = 0
        """401, 402, 403, and limits that no waiting lifts"""


class Gain:
    """What a provider's accounts gained over one of them alone."""

    __slots__ = ("avoided", "cached", "input", "saved", "waited_s")

    def __init__(self) -> None:
        self.saved = {"short": 0, "cooling": 0, "quarantined": 0}
        """calls that were answered although their own account could not have, by what it was"""
        self.avoided = 0
        """429s: calls that were not sent to an account that was known to be short"""
        self.waited_s = 0.0
        self.input = 0
        self.cached = 0
        """tokens of it that were read from a cache"""


class Trip:
    """One call on its way to one account."""

    __slots__ = ("account", "ask", "own", "room", "sent_at", "stake")

    def __init__(self, ask: Ask, account: str, room: Room, stake: Stake) -> None:
        self.ask = ask
        self.account = account
        self.room = room
        self.stake = stake
        self.sent_at = 0.0
        self.own = ""
        """why the call's own account was passed over; empty: it was not"""


class Pool:
    """Every account of every provider."""

    __slots__ = ("_rooms", "gains", "quarantines", "records", "roster", "warmth")

    def __init__(self) -> None:
        self.roster: dict[str, Sequence[str]] = {}
        """provider -> its accounts, as they are configured now"""
        self._rooms: dict[tuple[str, str, str], Room] = {}
        self.quarantines: dict[tuple[str, str, str], Quarantine] = {}
        """by provider, account and model, or EVERY_MODEL"""
        self.records: dict[Name, Record] = {}
        self.gains: dict[str, Gain] = {}
        self.warmth = Warmth()

    def choose(
        self,
        ask: Ask,
        now: float,
        *,
        waits_s: Sequence[float] = (),
        refused: Collection[int] = (),
        waited_s: float = 0.0,
    ) -> Pick:
        """The account for a call, by the rules of policy/choice.py.

        `waits_s`: how long each account's configured limits ask to wait; `waited_s`: how long
        the call has waited already.
        """
        limits_s = waits_s or (0.0,) * len(ask.accounts)
        if len(ask.accounts) == 1:
            wait_s = self._option(ask, 0, None, now).wait_s
            return Pick(0, 0.0 if wait_s == NEVER else max(wait_s, limits_s[0]))
        warm = self._warm(ask, now)
        warm_at = _place(ask.accounts, warm)
        stays = warm_at >= 0 and warm_at not in refused and not limits_s[warm_at]
        if stays and self._option(ask, warm_at, warm, now).wait_s <= 0:
            return Pick(warm_at)
        options = []
        for at, limit_s in enumerate(limits_s):
            option = self._option(ask, at, warm, now)
            options.append(Option(max(option.wait_s, limit_s), option.share))
        worth = max(0.0, choice.worth_s(warm.cached) - waited_s) if warm is not None else 0.0
        order = affinity.order(ask.conversation, ask.accounts)
        pick = choice.choose(order, options, warm_at, worth, refused)
        return pick if pick.wait_s < NEVER else self._least_refused(ask, order, refused)

    def wait_s(self, ask: Ask, now: float) -> float:
        """Until the first of the accounts could take the call; infinite: all are refused."""
        warm = self._warm(ask, now)
        return min(self._option(ask, at, warm, now).wait_s for at in range(len(ask.accounts)))

    def likely(self, ask: Ask, at: int) -> tuple[int, int]:
        """(input, output) that the call is likely to use of an account, its cache left out."""
        room = self._room(ask, ask.accounts[at])
        draw = self._draw(ask, ask.accounts[at], room, None)
        return draw.tokens, room.expected(draw)

    def send(self, ask: Ask, at: int, now: float) -> Trip:
        """The call goes to this account."""
        account, warm = ask.accounts[at], self._warm(ask, now)
        own, room = self._own(ask, at, warm, now), self._room(ask, account)
        trip = Trip(ask, account, room, room.send(self._draw(ask, account, room, warm)))
        trip.sent_at, trip.own = now, own
        for model in (EVERY_MODEL, ask.model) if self.quarantines else ():
            name = (ask.provider, account, model)
            state = self.quarantines.get(name)
            if state is not None and state.until <= now:
                self.quarantines[name] = quarantine.try_again(state, now)
        if len(ask.accounts) > 1:
            self.warmth.touch(_name(ask), account, now)
        return trip

    def wants_told(self, trip: Trip, now: float) -> bool:
        """Is it worth reading what the reply says of its account's limits."""
        return now - trip.room.told_at >= FRESH_S

    def hear(self, trip: Trip, told: Told | None, now: float, *, counted: bool) -> None:
        """The reply's head is there. `counted`: its vendor took the call."""
        trip.stake.hear(told, now, counted=counted)

    def limit(self, trip: Trip, retry_after: float | None, now: float) -> None:
        """The account was asked too much: it is left alone until its vendor wants it again.

        But not a lone one: what its vendor will say to the next call, only its vendor knows.
        """
        self.record(trip.ask.provider, trip.account).limited += 1
        if len(trip.ask.accounts) > 1:
            trip.room.close(now + _asked_s(trip, retry_after, now), "429")
        trip.stake.settle(0, now)

    def refuse(self, trip: Trip, why: str, now: float, *, model_only: bool = False) -> bool:
        """The credential was refused. True: it was not known to be."""
        self.record(trip.ask.provider, trip.account).refused += 1
        trip.stake.settle(0, now)
        model = trip.ask.model if model_only else EVERY_MODEL
        name = (trip.ask.provider, trip.account, model)
        before = self.quarantines.get(name)
        if before is None and len(self.quarantines) >= KNOWN:
            return False
        self.quarantines[name] = quarantine.refuse(before, why, now)
        return before is None

    def finish(self, trip: Trip, seen: Seen | None, output: int, now: float) -> bool:
        """The try is over; `seen`: it was answered. True: its credential is good again."""
        trip.stake.settle(output, now)
        if seen is None:
            return False
        ask, usage = trip.ask, seen.usage
        self.count(ask.provider, trip.account, usage)
        if trip.own:
            gain = self.gain(ask.provider)
            gain.saved[trip.own] += 1
            gain.avoided += trip.own == "short"
        trip.room.learn_size(usage.input_total, seen.size)
        if len(ask.accounts) > 1 and usage.input_total:
            sent = seen._replace(sent_at=trip.sent_at)
            self.warmth.learn(_name(ask), trip.account, sent, now)
        if not self.quarantines:
            return False
        return self._restore(trip)

    def count(self, provider: str, account: str, usage: Usage) -> None:
        """The account answered a call."""
        self.record(provider, account).calls += 1
        gain = self.gain(provider)
        gain.input += usage.input_total
        gain.cached += usage.cache_read

    def wait(self, provider: str, seconds: float) -> None:
        """A call waited for one of the provider's accounts instead of being sent for a 429."""
        gain = self.gain(provider)
        gain.avoided += 1
        gain.waited_s += seconds

    def gain(self, provider: str) -> Gain:
        gain = self.gains.get(provider)
        if gain is None:
            gain = self.gains[provider] = Gain()
        return gain

    def reopen(self) -> None:
        """A new configuration: every account may be asked again. Limits stay what they are."""
        self.quarantines.clear()
        for room in self._rooms.values():
            room.open_at = 0.0

    def rooms(self, provider: str, account: str) -> Iterator[tuple[str, Room]]:
        """What is known of the account's limits, by family of models."""
        for (owner, name, kin), room in self._rooms.items():
            if (owner, name) == (provider, account):
                yield kin, room

    def quarantine_of(self, ask: Ask, at: int) -> Quarantine | None:
        """Why the credential is not used, for this model or any."""
        for model in (EVERY_MODEL, ask.model):
            state = self.quarantines.get((ask.provider, ask.accounts[at], model))
            if state is not None:
                return state
        return None

    def _option(self, ask: Ask, at: int, warm: Warm | None, now: float) -> Option:
        account = ask.accounts[at]
        if self.quarantines:
            state = self.quarantine_of(ask, at)
            if state is not None and now < state.until:
                return Option(NEVER, -1.0)
        room = self._rooms.get((ask.provider, account, family(ask.model)))
        if room is None:
            return Option(0.0)
        if not room.known:
            return Option(room.open_at - now if room.open_at > now else 0.0, 1.0 - room.used)
        draw = self._draw(ask, account, room, warm)
        return Option(room.wait_s(draw, now), room.share(draw, now))

    def _least_refused(self, ask: Ask, order: Sequence[int], refused: Collection[int]) -> Pick:
        """Where every credential is refused, the one that is tried again first is asked."""
        left = [at for at in order if at not in refused] or order
        states = {at: self.quarantine_of(ask, at) for at in left}
        return Pick(min(left, key=lambda at: state.until if (state := states[at]) else 0.0))

    def _restore(self, trip: Trip) -> bool:
        """The credential was accepted. True: it had been refused before the call was sent."""
        restored = False
        for model in (EVERY_MODEL, trip.ask.model):
            name = (trip.ask.provider, trip.account, model)
            state = self.quarantines.get(name)
            if state is not None and state.since <= trip.sent_at:
                del self.quarantines[name]
                restored = True
        return restored

    def _own(self, ask: Ask, at: int, warm: Warm | None, now: float) -> str:
        """Why the call does not go to the account that it would have used alone."""
        if len(ask.accounts) == 1:
            return ""
        own = _place(ask.accounts, warm)
        if own < 0:
            own = affinity.order(ask.conversation, ask.accounts)[0]
        if own == at:
            return ""
        option = self._option(ask, own, warm, now)
        if option.wait_s <= 0:
            return ""
        if option.wait_s == NEVER:
            return "quarantined"
        room = self._room(ask, ask.accounts[own])
        return "cooling" if room.open_at > now else "short"

    def _warm(self, ask: Ask, now: float) -> Warm | None:
        return self.warmth.of(_name(ask), now) if len(ask.accounts) > 1 else None

    def _draw(self, ask: Ask, account: str, room: Room, warm: Warm | None) -> Draw:
        if warm is None or not warm.tokens:
            return Draw(round(ask.size * room.per_byte), 0, ask.output)
        tokens = warm.tokens * ask.size // warm.size if warm.size else warm.tokens
        cached = min(warm.cached, tokens) if warm.account == account else 0
        return Draw(tokens, cached, ask.output)

    def _room(self, ask: Ask, account: str) -> Room:
        name = (ask.provider, account, family(ask.model))
        room = self._rooms.get(name)
        if room is None:
            if len(self._rooms) >= KNOWN:
                del self._rooms[next(iter(self._rooms))]
            room = self._rooms[name] = Room()
        return room

    def record(self, provider: str, account: str) -> Record:
        name = (provider, account)
        record = self.records.get(name)
        if record is None:
            record = self.records[name] = Record()
        return record


def _place(accounts: Sequence[str], warm: Warm | None) -> int:
    """Where a warm conversation's account stands; -1: it is cold, or the account is gone."""
    if warm is None or warm.account not in accounts:
        return -1
    return accounts.index(warm.account)


def _name(ask: Ask) -> bytes:
    return b"\0".join((ask.provider.encode(), family(ask.model).encode(), ask.conversation))


def _asked_s(trip: Trip, retry_after: float | None, now: float) -> float:
    """How long one of several is left alone: as it asks, else until its limits allow it."""
    if retry_after is not None:
        return min(max(retry_after, 0.0), ASKED_LONGEST_S)
    short_s = trip.room.wait_s(Draw(1), now)
    if 0 < short_s < NEVER:
        return min(short_s, ASKED_LONGEST_S)
    return LIMITED_S
