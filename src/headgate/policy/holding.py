"""What one process holds of what is capped: shares of pots, and units taken from flows.

Rule 1: what is used and set aside never exceeds what was granted, but where a truth turns out
larger than its estimate: then nothing more is set aside until the bank has covered it.
Rule 2: a process wishes for what it uses, what is waited for, and a cushion of at most half of
what nobody else holds; so idle shares find their way to those that need them.
Rule 3: one event loop owns these; nothing here waits.
"""

from __future__ import annotations

from headgate.policy.cap import WARN_AT, Kind, Period, Span

SLOW = 8
"""a peak loses an eighth of itself at every tick"""


class Pot:
    """A share of that of which there is only so much: dollars of a span, or calls at once."""

    __slots__ = (
        "_burn",
        "_seen",
        "account",
        "active",
        "cap",
        "free",
        "granted",
        "held",
        "kind",
        "label",
        "lower",
        "name",
        "peak",
        "period",
        "smallest",
        "span",
        "spent",
        "used",
        "wanted",
        "warn_at",
        "warned",
    )

    def __init__(self, name: str, account: str, span: Span, cap: int, kind: Kind) -> None:
        self.name = name
        self.account = account
        self.span = span
        self.cap = cap
        self.kind: Kind = kind
        self.label = name
        """for a sentence: the daily budget of key 'ana'"""
        self.period: Period = "total"
        self.lower = False
        """may a call's bound on output be lowered to fit"""
        self.warn_at: tuple[float, ...] = WARN_AT
        self.warned = 0
        """how many of these shares were passed"""
        self.granted = 0
        self.used = 0
        """spent by this process in this span"""
        self.held = 0
        """set aside for running calls"""
        self.wanted = 0
        """what those in line need beyond that"""
        self.smallest = 0
        """what would already help one of them"""
        self.spent = 0
        """by everybody, as the bank last knew"""
        self.free = 0
        """what nobody held, as the bank last knew"""
        self.active = True
        """has anything moved since the bank was last asked"""
        self._seen = 0
        self.peak = 0
        """what was set aside at most lately"""
        self._burn = 0

    def room(self) -> int:
        return self.granted - self.used - self.held

    def left(self) -> int:
        """What is not spent yet, whoever holds it."""
        return self.cap - max(self.spent + self.used - self._seen, self.used)

    def spent_now(self) -> int:
        """What everybody has spent, as far as it is known here."""
        return self.cap - self.left()

    def tick(self) -> None:
        """Remember how much was needed at most, and how fast it is used."""
        burnt = max(self.used - self._seen, 0)
        self._burn += (burnt - self._burn) // 4 if burnt < self._burn else burnt - self._burn
        self.peak = max(self.held, self.peak - self.peak // SLOW - 1, 0)

    def wish(self) -> int:
        """How much this process would like to hold in all."""
        needed = self.used + self.held + self.wanted
        spare = max(self.peak - self.held, 0) + 4 * self._burn
        mine = max(self.granted - needed, 0)
        return needed + min(spare, max((self.free + mine) // 2, 0))

    def least(self) -> int:
        return self.used + self.held + self.smallest

    def ask(self) -> int:
        """The wish, from now on binding: what is given back is not used any more."""
        wish = self.wish() if self.kind != "watch" else self.used
        self.granted = min(self.granted, wish)
        self.active = False
        return wish

    def answer(self, granted: int, free: int, spent: int) -> None:
        self.granted, self.free, self.spent = granted, free, spent
        self._seen = self.used

    def forget(self) -> None:
        """Another begins to count for this process: what it was granted is gone."""
        self.granted = self.used = self._seen = 0
        self.active = True

    def settled(self) -> bool:
        """Is there nothing to ask: no use, no wait, no cushion to give back."""
        return not (self.active or self.wanted or self.peak or self._burn) and (
            self.granted <= self.used + self.held
        )


class Tap:
    """Units taken from a flow and not used yet; below 0: used before they were taken."""

    __slots__ = (
        "_pace",
        "active",
        "bank",
        "burst",
        "label",
        "level",
        "name",
        "per_minute",
        "smallest",
        "used",
        "wait_s",
        "wanted",
        "what",
    )

    def __init__(self, name: str, per_minute: int, burst: int) -> None:
        self.name = name
        self.per_minute = per_minute
        self.burst = burst
        self.label = name
        """for a sentence: 300 requests a minute of key 'ana'"""
        self.what = ""
        """requests, input_tokens or output_tokens"""
        self.level = 0
        self.used = 0
        """since the last tick"""
        self.wanted = 0
        """what those in line need in all, and the one who needs the least"""
        self.smallest = 0
        self.bank = burst
        """what was left in the flow when the bank last told"""
        self.wait_s = 0.0
        self.active = True
        self._pace = 0

    def tick(self) -> None:
        self._pace = max(self.used, self._pace - self._pace // SLOW - 1, 0)
        self.used = 0

    def ask(self) -> tuple[int, int]:
        """(how much to take, below 0 to give back; how much of it is of use at least)."""
        self.active = False
        lacking = max(self.wanted, -self.level) - max(self.level, 0)
        if lacking > 0:
            least = self.smallest - self.level
            return lacking + min(self._pace, max(self.bank // 2, 0)), max(1, least)
        short = self._pace - self.level
        if short > 0:
            return min(short, max(self.bank // 2, 1)), 1
        spare = self.level - 2 * self._pace
        if spare > 0:
            self.level -= spare
            return -spare, 0
        return 0, 0

    def answer(self, granted: int, free: int, wait_s: float) -> None:
        if granted > 0:
            self.level += granted
        self.bank, self.wait_s = free, wait_s

    def left(self) -> int:
        return max(0, self.level + self.bank)

    def settled(self) -> bool:
        return not (self.active or self.wanted or self._pace) and self.level == 0
