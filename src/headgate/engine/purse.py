"""The accounts one caller's calls count against, found once and looked through at every call.

Rule 1: all or nothing: a call takes from every account, or from none.
Rule 2: what is taken is an estimate; what is settled is the truth, and may exceed it.
Rule 3: a call that needs nothing of an account is never refused for it: what is free stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from headgate.policy.holding import Pot, Tap
from headgate.wire.model import Headers


class Need(NamedTuple):
    """What a call may use."""

    input_tokens: int = 0
    output_tokens: int = 0
    worst_nusd: int = 0
    probable_nusd: int = 0
    requests: int = 1
    calls: int = 1
    """at once"""
    bound: int = 0
    """what the call's output has to be bounded to for this; 0: as it came"""


_AT = {name: at for at, name in enumerate(Need._fields)}
Lower = Callable[[int], Need | None]
"""the need of a call whose output is bounded so that it costs this at most; None: too little"""


class Purse:
    """Accounts to be taken from together. Found again when caps change or a span is over."""

    __slots__ = (
        "charged",
        "edition",
        "hard",
        "is_empty",
        "lowers",
        "moved",
        "pots",
        "quoted",
        "soft",
        "taps",
        "told",
        "told_in",
        "told_until",
        "until_us",
        "watched",
    )

    def __init__(self, edition: int, moved: Callable[[Purse], None]) -> None:
        self.edition = edition
        self.moved = moved
        """told when something was put back or settled"""
        self.told: Headers = []
        """what its holder was last told is left, in whose dialect, and until when that holds"""
        self.told_in = ""
        self.told_until = 0.0
        self.is_empty = True
        self.lowers = False
        """may a call's output be lowered to what a hard budget has left"""
        self.quoted = False
        """does anything depend on how much a call uses and costs"""
        self.until_us = 0
        """when the first of its spans is over; 0: never"""
        self.charged = ""
        """all accounts that a call's cost counts against, capped or not"""
        self.pots: list[tuple[Pot, int]] = []
        """with the place in a Need of what is taken of it"""
        self.taps: list[tuple[Tap, int]] = []
        self.hard: list[Pot] = []
        """budgets of which the worst is set aside"""
        self.soft: list[Pot] = []
        """those of which the probable is"""
        self.watched: list[Pot] = []
        """those that refuse nothing"""

    def add_budget(self, pot: Pot) -> None:
        if pot.kind == "watch":
            self.watched.append(pot)
        elif pot.kind == "soft":
            self.soft.append(pot)
            self.pots.append((pot, _AT["probable_nusd"]))
        else:
            self.hard.append(pot)
            self.lowers = self.lowers or pot.lower
            self.pots.append((pot, _AT["worst_nusd"]))
        self.is_empty, self.quoted = False, True
        ends_us = pot.span.ends_us()
        if ends_us:
            self.until_us = min(self.until_us or ends_us, ends_us)

    def add_slots(self, pot: Pot) -> None:
        self.pots.append((pot, _AT["calls"]))
        self.is_empty = False

    def add_tap(self, tap: Tap) -> None:
        self.taps.append((tap, _AT[tap.what]))
        self.is_empty = False
        self.quoted = self.quoted or tap.what != "requests"

    def __iter__(self) -> Iterator[Pot | Tap]:
        for pot, _ in self.pots:
            yield pot
        yield from self.watched
        for tap, _ in self.taps:
            yield tap

    def short(self, need: Need) -> Pot | Tap | None:
        """The first account that has too little; None: all have enough."""
        for pot, at in self.pots:
            if need[at] > pot.granted - pot.used - pot.held and need[at]:
                return pot
        for tap, at in self.taps:
            if need[at] > tap.level and need[at]:
                return tap
        return None

    def wants(self, need: Need) -> Iterator[tuple[Pot | Tap, int]]:
        """What a call in line needs, of each account that it needs something of."""
        for pot, at in self.pots:
            if need[at]:
                yield pot, need[at]
        for tap, at in self.taps:
            if need[at]:
                yield tap, need[at]

    def take(self, need: Need) -> Hold | None:
        """Set the need aside everywhere, or nowhere."""
        for pot, at in self.pots:
            amount = need[at]
            held = pot.held + amount
            if held + pot.used > pot.granted and amount:
                self._undo(need, pot)
                return None
            pot.held = held
        for tap, at in self.taps:
            amount = need[at]
            level = tap.level - amount
            if level < 0 and amount:
                self._undo(need, tap)
                return None
            tap.level = level
            tap.used += amount
        return Hold(self, need)

    def _undo(self, need: Need, short: Pot | Tap) -> None:
        """Put back what was taken before the account that has too little."""
        for pot, at in self.pots:
            if pot is short:
                return
            pot.held -= need[at]
        for tap, at in self.taps:
            if tap is short:
                return
            tap.level += need[at]
            tap.used -= need[at]


class Hold(Struct, eq=False):
    """What is set aside for one running call."""

    purse: Purse
    need: Need
    open: bool = True

    def settle(self, input_tokens: int, output_tokens: int, cost_nusd: int) -> None:
        """The truth in place of the estimate. Once."""
        truth = (input_tokens, output_tokens, 0, 0, self.need.requests)
        self._close(truth, cost_nusd)

    def put_back(self) -> None:
        """As if it had never been taken: the call waits, and holds nothing meanwhile."""
        self._close(_NOTHING, 0)

    def _close(self, truth: Sequence[int], cost_nusd: int) -> None:
        if not self.open:
            return
        self.open = False
        purse, need = self.purse, self.need
        for pot, at in purse.pots:
            held = pot.held
            if held > pot.peak.now:
                pot.peak.now = held
            pot.held = held - need[at]
            if pot.account:
                pot.used += cost_nusd
            pot.active = True
        for pot in purse.watched:
            pot.used += cost_nusd
            pot.active = True
        for tap, at in purse.taps:
            more = truth[at] - need[at]
            if more:
                tap.level -= more
                tap.used += more
            tap.active = True
        purse.moved(purse)


_NOTHING = Need(requests=0)


class Wish(NamedTuple):
    """A call at the counter."""

    purse: Purse
    need: Need
    key: str
    """who it belongs to: keys take turns"""
    lower: Lower | None = None
