"""What one process holds of what is capped: shares of pots, and units taken from flows.

Rule 1: what is used and set aside never exceeds what was granted, but where a truth turns out
larger than its estimate: then nothing more is set aside until the bank has covered it.
Rule 2: a process wishes for what it uses, what is waited for, and a cushion of at most half of
what nobody else holds; so idle shares find their way to those that need them. What lets nobody
go who waits here, now or when a running call ends, is given back: elsewhere it may be enough.
Rule 3: one event loop owns these; nothing here waits.
"""

from __future__ import annotations

from headgate.policy.cap import WARN_AT, Kind, Period, Span

FRESH = 5
"""ticks after which the bank is asked anew what others have used, while there is use"""
AHEAD = 4
"""times what those in line need: where some come, more are on their way"""
EPOCH = 20
"""ticks; what was needed at most in this epoch and the one before is kept at hand: both end
before a call that waits for it elsewhere gives up"""


class _Peak:
    """The most that was seen in this epoch and the one before."""

    __slots__ = ("_before", "_ticks", "now")

    def __init__(self) -> None:
        self.now = 0
        self._before = 0
        self._ticks = 0

    def see(self, amount: int) -> None:
        if amount > self.now:
            self.now = amount

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks >= EPOCH:
            self._ticks, self._before, self.now = 0, self.now, 0

    def most(self) -> int:
        return max(self.now, self._before)


class Pot:
    """A share of that of which there is only so much: dollars of a span, or calls at once."""

    __slots__ = (
        "_burn",
        "_counted",
        "_quiet",
        "_seen",
        "account",
        "active",
        "cap",
        "free",
        "gave_back",
        "granted",
        "held",
        "kind",
        "label",
        "loan",
        "lower",
        "name",
        "peak",
        "period",
        "smallest",
        "span",
        "spent",
        "stuck",
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
        self.stuck = False
        """does what is held let nobody go: then it is given back when next asked for"""
        self.gave_back = False
        """so that it is asked for again before it is given back again"""
        self.active = True
        """has anything moved since the bank was last asked"""
        self.loan = 0
        """granted by nobody, while the bank cannot be reached: not more than an allowance"""
        self._seen = 0
        self.peak = _Peak()
        """of what was set aside"""
        self._burn = _Peak()
        """of what was used from tick to tick"""
        self._counted = 0
        self._quiet = 0
        """ticks since the bank was asked"""

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
        self._burn.see(self.used - self._counted)
        self._counted = self.used
        self._burn.tick()
        self.peak.see(self.held)
        self.peak.tick()
        self._quiet += 1

    def wish(self) -> int:
        """How much this process would like to hold in all."""
        needed = self.used + self.held + self.wanted
        if self.kind == "watch":
            return self.used
        peak = self.peak.most()
        spare = max(peak + peak // 4 - self.held, AHEAD * self.wanted) + 2 * self._burn.most()
        mine = max(self.granted - needed, 0)
        return needed + min(spare, max((self.free + mine) // 2, 0))

    def least(self) -> int:
        return self.used + self.held + self.smallest

    def ask(self) -> int:
        """The wish, from now on binding: what is given back is not used any more."""
        wish = self.used + self.held if self.stuck else self.wish()
        self.granted = min(self.granted, wish)
        self.active = False
        self._quiet = 0
        return wish

    def answer(self, granted: int, free: int, spent: int) -> None:
        self.granted, self.free, self.spent = granted, free, spent
        self.gave_back, self.stuck = self.stuck, False
        self.loan = 0
        self._seen = self.used

    def trim(self) -> int:
        """Keep only what is used and set aside; how much of a loan was not needed after all."""
        unused = max(self.room(), 0)
        self.granted -= unused
        back = min(unused, self.loan)
        self.loan -= back
        return back

    def lend(self, amount: int) -> None:
        self.granted += amount
        self.loan += amount

    def is_in_vain(self, amount: int) -> bool:
        """Is it no use to hold more than what runs, for a call that waits for so much."""
        if self.stuck or self.gave_back or amount <= self.free:
            return self.stuck
        mine, spent = max(self.granted, self.used), max(self.spent - self.used, 0)
        elsewhere = self.cap - self.free - mine - spent
        if 4 * elsewhere < amount:  # nobody else holds any to speak of, so nobody lacks it
            return False
        return not self.held or self.granted - self.used < amount

    def forget(self) -> None:
        """Another begins to count for this process: what it was granted is gone."""
        self.granted = self.used = self._seen = self._counted = 0
        self.active = True

    def due(self) -> bool:
        """Is it worth asking the bank now: for more, to give back, or for what others used."""
        if self.wanted:
            return True
        wish, needed = self.wish(), self.used + self.held
        if wish > self.granted:
            return 4 * (wish - self.granted) > wish - needed
        if self.granted > wish:
            return self.granted - wish > wish - needed or not self.active
        return (self.active or self.held > 0) and self._quiet >= FRESH

    def settled(self) -> bool:
        """Is there nothing to ask any more: no use, no wait, no cushion to give back."""
        idle = not (self.peak.most() or self._burn.most())
        kept = self.granted > self.used + self.held
        return idle and not (self.active or self.held or self.wanted or kept)


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
        self._pace = _Peak()

    def tick(self) -> None:
        self._pace.see(self.used)
        self._pace.tick()
        self.used = 0

    def ask(self) -> tuple[int, int]:
        """(how much to take, below 0 to give back; how much of it is of use at least)."""
        self.active = False
        cushion = self._cushion()
        lacking = max(self.wanted, -self.level) - max(self.level, 0)
        if lacking > 0:
            least = self.smallest - self.level
            ahead = max(cushion, min(AHEAD * lacking, self._second()))
            return lacking + min(ahead, max(self.bank // 2, 0)), max(1, least)
        short = cushion - self.level
        if short > cushion // 4:
            return min(short, max(self.bank // 2, 1)), 1
        spare = self.level - self._most_at_hand()
        if spare > 0:
            self.level -= spare
            return -spare, 0
        return 0, 0

    def _cushion(self) -> int:
        """What is to be at hand: two ticks' use, but with what it may grow by a second's."""
        return min(2 * self._pace.most(), self._second())

    def _second(self) -> int:
        """What less than a second brings."""
        return max(self.per_minute // 90, 1)

    def _most_at_hand(self) -> int:
        cushion = self._cushion()
        return cushion + cushion // 2

    def answer(self, granted: int, free: int, wait_s: float) -> None:
        if granted > 0:
            self.level += granted
        self.bank, self.wait_s = free, wait_s

    def due(self) -> bool:
        """Is it worth asking the bank now: for more, or to give back."""
        cushion = self._cushion()
        lacking = self.wanted or self.level < 0 or 2 * self.level < cushion
        return bool(lacking or self.level > self._most_at_hand())

    def left(self) -> int:
        return max(0, min(self.level + self.bank, self.burst))

    def settled(self) -> bool:
        return not (self.active or self.wanted or self._pace.most()) and self.level == 0
