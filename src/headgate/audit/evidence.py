"""What rules judge by: the book, its window, the prices of each day, and the purposes.

Rule 1: rules see only rows whose source can tell what they need: the view `rows` of a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from headgate.audit.trials import Trial
from headgate.config.model import Commitment
from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import SOURCES
from headgate.money.catalog import Catalog
from headgate.money.pricing import Rates


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One audit's material."""

    book: Book
    catalog: Catalog
    since_us: int
    until_us: int
    names: dict[str, str] = field(default_factory=dict)
    """what keys are called, by their id"""
    purpose: str = "''"
    """SQL: what a row was done for"""
    commitments: tuple[Commitment, ...] = ()
    """capacity that is paid for by the month, used or not"""
    trials: tuple[Trial, ...] = ()
    """comparisons of models that somebody made"""
    say: Callable[[str], None] = _silent
    """told of progress"""

    @property
    def days(self) -> float:
        return max(1.0, (self.until_us - self.since_us) / 86_400e6)

    def rates(self, provider: str, model: str, at_us: int) -> Rates:
        """The prices of that day."""
        return self.catalog.rates(provider, model, datetime.fromtimestamp(at_us / 1e6, UTC))

    def able(self, needs: frozenset[str]) -> str:
        """SQL that holds for rows whose source tells all of that."""
        fit = [name for name, knows in SOURCES.items() if needs <= knows]
        return "source IN (" + ", ".join(f"'{name}'" for name in fit) + ")" if fit else "FALSE"
