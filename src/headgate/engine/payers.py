"""Which accounts a caller's calls count against, and what each of them is capped at.

Rule 1: an account exists once in a process, whosever purse it is in.
Rule 2: what a key or team does not say of itself is as all keys or teams have it; the tightest
of all caps decides, whichever level it stands at.
Rule 3: a tag that a caller declares counts where the configuration caps it.
Rule 4: a span is forgotten a day after its end, but never before its last call is settled: what
was used of it would not be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headgate.config import CapsConfig
from headgate.engine.purse import Purse
from headgate.policy.cap import (
    ADJECTIVES,
    HOUSE,
    NO_CAPS,
    Caps,
    Limits,
    Period,
    Span,
    merged,
    span,
)
from headgate.policy.glob import matches
from headgate.policy.holding import Pot, Tap
from headgate.store.bank import ALWAYS
from headgate.wire.call import Holder

DAY_US = 86_400_000_000


class Payers:
    """All accounts of this process."""

    def __init__(self, now_us: Callable[[], int], moved: Callable[[Purse], None]) -> None:
        self.edition = 0
        """grows with every change of what is capped"""
        self.caps = CapsConfig()
        self._tags: dict[str, Caps] = {}
        self._now_us = now_us
        self._moved = moved
        self._pots: dict[tuple[str, int], Pot] = {}
        self._taps: dict[str, Tap] = {}
        self._today = 0

    def __iter__(self) -> Iterator[Pot | Tap]:
        yield from self._pots.values()
        yield from self._taps.values()

    def configure(self, caps: CapsConfig) -> None:
        """Take up what a configuration caps; calls that run were charged by the one before."""
        self.caps = caps
        self._tags = dict(caps.tags)
        self.edition += 1

    def models(self, model: str) -> tuple[int, ...]:
        """Which of the limits on models hold for this one, by their place."""
        limits = self.caps.models
        return tuple(at for at, (pattern, _) in enumerate(limits) if matches(pattern, model))

    def fits(self, purse: Purse, now_us: int) -> bool:
        """Does the purse still hold all that counts."""
        return purse.edition == self.edition and not 0 < purse.until_us <= now_us

    def purse(self, holder: Holder, declared: Sequence[str], models: tuple[int, ...]) -> Purse:
        """The accounts that calls of this caller count against."""
        purse = Purse(self.edition, self._moved)
        today = self._now_us() // DAY_US
        if today != self._today:
            self._today = today
            self._forget(today)
        caps = self.caps
        tags = [tag for tag in declared if tag in self._tags]
        accounts = dict.fromkeys((HOUSE, *holder.accounts, *(f"tag:{tag}" for tag in tags)))
        own = {it.account: it for it in holder.caps}
        for account in accounts:
            level, _, name = account.partition(":")
            mine = own.get(account)
            whole = merged(self._usual(level, name), mine.caps if mine is not None else NO_CAPS)
            if whole != NO_CAPS:
                label = mine.label if mine is not None else _label(level, name, holder)
                self._open(purse, account, label, whole, today)
        for at in models:
            pattern, limits = caps.models[at]
            self._limit(purse, f"model:{pattern}", f"model {pattern}", limits)
        purse.charged = " ".join(accounts)
        return purse

    def _usual(self, level: str, name: str) -> Caps:
        """What all accounts of a sort have."""
        caps = self.caps
        usual = {HOUSE: caps.house, "key": caps.each_key, "team": caps.each_team}
        return self._tags.get(name, NO_CAPS) if level == "tag" else usual.get(level, NO_CAPS)

    def upstream(self, provider: str, account: str, limits: Limits) -> Purse:
        """What is configured for one credential of a provider."""
        purse = Purse(self.edition, self._moved)
        name = f"upstream:{provider}/{account}"
        self._limit(purse, name, f"account {account} of {provider}", limits)
        return purse

    def _open(self, purse: Purse, account: str, label: str, caps: Caps, today: int) -> None:
        for budget in caps.budgets:
            days = span(budget.period, today)
            pot = self._pot(f"{account} {budget.period}", account, days)
            if budget.nusd != pot.cap:
                pot.warned = 0
            pot.cap, pot.kind, pot.lower = budget.nusd, budget.kind, caps.lower_output
            pot.warn_at = tuple(sorted(caps.warn_at))
            pot.label = f"the {ADJECTIVES[budget.period]} budget of {label}"
            pot.period = budget.period
            purse.add_budget(pot)
        self._limit(purse, account, label, caps.limits)

    def _limit(self, purse: Purse, account: str, label: str, limits: Limits) -> None:
        if limits.concurrent:
            pot = self._pot(f"{account} concurrent", "", ALWAYS)
            pot.cap = limits.concurrent
            pot.label = f"{limits.concurrent} calls at once of {label}"
            purse.add_slots(pot)
        for what, per_minute, burst in (
            ("requests", limits.requests, limits.at_once()),
            ("input_tokens", limits.input_tokens, limits.input_tokens),
            ("output_tokens", limits.output_tokens, limits.output_tokens),
        ):
            if per_minute:
                tap = self._tap(f"{account} {what}", per_minute, burst)
                tap.what = what
                tap.label = f"{per_minute:,} {what.replace('_', ' ')} a minute of {label}"
                purse.add_tap(tap)

    def _tap(self, name: str, per_minute: int, burst: int) -> Tap:
        tap = self._taps.get(name)
        if tap is None:
            tap = self._taps[name] = Tap(name, per_minute, burst)
        tap.per_minute, tap.burst = per_minute, burst
        return tap

    def _forget(self, today: int) -> None:
        """Let go of spans that are over."""
        self._pots = {
            name: pot
            for name, pot in self._pots.items()
            if pot.held or pot.span == ALWAYS or pot.span.last + 1 >= today
        }

    def held(self, account: str, period: Period) -> int:
        """What running calls of this process have set aside of a budget."""
        first = span(period, self._now_us() // DAY_US).first
        pot = self._pots.get((f"{account} {period}", first))
        return pot.held if pot is not None else 0

    def _pot(self, name: str, account: str, days: Span) -> Pot:
        pot = self._pots.get((name, days.first))
        if pot is None:
            pot = self._pots[name, days.first] = Pot(name, account, days, 0, "hard")
        return pot


def _label(level: str, name: str, holder: Holder) -> str:
    named = {"key": "this key", "team": f"team {holder.team!r}", HOUSE: "the whole house"}
    return named.get(level, f"{level} {name!r}")
