"""A bank in memory, for several tills under a clock of the test's own."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.store.bank import Answer, BankError, Flow, Stock


class Vault:
    """Knows every owner. Spend is reported by the test, as the ledger would."""

    def __init__(self) -> None:
        self.now = 0.0
        self.down = ""
        self.granted: dict[tuple[str, int], dict[int, int]] = {}
        self.spent: dict[tuple[str, int], dict[int, int]] = {}
        """(account, day) -> by owner"""
        self.levels: dict[str, tuple[float, float]] = {}
        self.asked: list[tuple[int, Stock | Flow]] = []
        self.taken: dict[str, int] = {}

    def exchange(self, owner: int, asks: Sequence[Stock | Flow]) -> list[Answer]:
        if self.down:
            raise BankError(self.down)
        self.asked += [(owner, ask) for ask in asks]
        return [
            self._stock(owner, ask) if isinstance(ask, Stock) else self._flow(ask)
            for ask in asks
        ]

    def charge(self, owner: int, account: str, day: int, nusd: int) -> None:
        by_owner = self.spent.setdefault((account, day), {})
        by_owner[owner] = by_owner.get(owner, 0) + nusd

    def bury(self, owner: int) -> None:
        for granted in self.granted.values():
            granted.pop(owner, None)
        for spent in self.spent.values():
            spent[0] = spent.get(0, 0) + spent.pop(owner, 0)

    def spent_by(self, ask: Stock) -> dict[int, int]:
        found: dict[int, int] = {}
        for (account, day), by_owner in self.spent.items():
            if account == ask.account and ask.span.first <= day <= ask.span.last:
                for owner, nusd in by_owner.items():
                    found[owner] = found.get(owner, 0) + nusd
        return found

    def leased(self, ask: Stock) -> int:
        """All that is spent or granted."""
        granted = self.granted.get((ask.pot, ask.span.first), {})
        spent = self.spent_by(ask)
        return sum(max(granted.get(o, 0), spent.get(o, 0)) for o in {*granted, *spent})

    def _stock(self, owner: int, ask: Stock) -> Answer:
        granted = self.granted.setdefault((ask.pot, ask.span.first), {})
        had, free = granted.get(owner, 0), ask.cap - self.leased(ask)
        most = had + max(free, 0)
        if ask.hold <= had:
            granted[owner] = ask.hold
        elif min(ask.hold, most) >= ask.least:
            granted[owner] = min(ask.hold, most)
        free = ask.cap - self.leased(ask)
        return Answer(granted.get(owner, 0), free, sum(self.spent_by(ask).values()))

    def _flow(self, ask: Flow) -> Answer:
        level, at = self.levels.get(ask.account, (float(ask.burst), self.now))
        level = min(level + (self.now - at) * ask.per_minute / 60, ask.burst)
        given = ask.take
        if ask.take > 0:
            needed = min(ask.least, ask.burst)
            if level < needed:
                self.levels[ask.account] = (level, self.now)
                return Answer(0, int(level), 0, (needed - level) * 60 / ask.per_minute)
            given = ask.least if ask.least > level else min(ask.take, int(level))
            self.taken[ask.account] = self.taken.get(ask.account, 0) + given
        level = min(level - given, ask.burst)
        self.levels[ask.account] = (level, self.now)
        return Answer(given, int(level))


class Counter:
    """One owner's side of a vault: what a clerk talks to."""

    def __init__(self, vault: Vault, owner: int) -> None:
        self.vault = vault
        self.owner = owner

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        return self.vault.exchange(self.owner, asks)

    def close(self) -> None:
        self.vault.bury(self.owner)
