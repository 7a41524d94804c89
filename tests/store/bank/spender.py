"""A process that spends of one pot until it is killed: `python -m tests.store.bank.spender`.

It sets aside what it was granted, notes each call in the ledger before it begins, and settles
most of them for less; some never end.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from headgate.ledger.writer import Writer
from headgate.store.bank import Bank, BankError, Stock
from headgate.store.bank.open import open_bank
from headgate.store.place import Place
from headgate.store.server import Server
from tests.ledger.rows import entry
from tests.store.bank.world import begun

POT, ACCOUNT = "key:k day", "key:k"
LEAST = 5


@dataclass
class Spender:
    """What it was granted, has used and has set aside."""

    writer: Writer
    place: Place
    redis_url: str
    stock: Stock
    dice: random.Random
    granted: int = 0
    used: int = 0
    held: int = 0
    owner: int = 0
    bank: Bank | None = None

    def run(self) -> None:
        while True:
            try:
                self.ask()
            except BankError:
                time.sleep(0.05)
                continue
            while self.spend():
                pass

    def ask(self) -> None:
        if self.bank is None or self.owner != self.writer.owner_n:
            self.owner, self.granted, self.used = self.writer.owner_n, 0, 0
            self.bank = open_bank(self.place, self.owner, self.redis_url)
        wish = self.used + self.held + self.dice.randrange(20, 200)
        self.granted = min(self.granted, wish)
        (answer,) = self.bank.exchange([self.stock._replace(hold=wish)])
        self.granted = answer.granted

    def spend(self) -> bool:
        amount = self.dice.randrange(LEAST, 40)
        if self.granted - self.used - self.held < amount:
            return False
        self.held += amount
        day = self.stock.span.first
        handle = self.writer.intend(begun(ACCOUNT, day, amount))
        self.writer.flush()
        if self.dice.random() < 0.9:
            cost = self.dice.randrange(amount + 1)
            row = entry(charged=ACCOUNT, at_us=day * 86_400_000_000 + 1, cost_nusd=cost)
            self.writer.put(handle, row)
            self.held -= amount
            self.used += cost
        time.sleep(0.002)
        return True


def main(where: str, redis_url: str, day: str, cap: str) -> None:
    from headgate.policy.cap import span

    place: Place = Server(where) if "://" in where else Path(where)
    writer = Writer(place)
    writer.start()
    stock = Stock(POT, ACCOUNT, span("day", int(day)), int(cap), 0, 1)
    Spender(writer, place, redis_url, stock, random.Random()).run()  # noqa: S311 - no secret


if __name__ == "__main__":
    main(*sys.argv[1:])
