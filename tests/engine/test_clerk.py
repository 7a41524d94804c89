"""The clerk asks at once when somebody waits, goes on after failures, and leaves nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from headgate.config import CapsConfig
from headgate.engine.clerk import Clerk
from headgate.engine.purse import Need, Purse, Wish
from headgate.engine.till import Till
from headgate.policy.cap import Budget, Caps
from headgate.store.bank import Answer, Bank, BankError, Flow, Stock
from headgate.wire.call import Holder
from tests.engine.vault import Counter, Vault

HOLDER = Holder("k_1", accounts=("key:k_1",))
NEED = Need(worst_nusd=10)


class Failing(Counter):
    """A bank that fails as often as it is told to."""

    failures = 0
    calls = 0
    closed = False

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise BankError("no route to the bank")
        return super().exchange(asks)

    def close(self) -> None:
        self.closed = True
        super().close()


class Shop:
    def __init__(self) -> None:
        self.till = Till(time.monotonic, lambda: time.time_ns() // 1000)
        self.till.configure(CapsConfig(each_key=Caps(budgets=(Budget(1000, "day"),))))
        self.bank = Failing(Vault(), 1)
        self.told: list[str] = []
        self.next: list[Bank] = []
        self.clerk = Clerk(
            self.till,
            self.bank,
            self.told.append,
            lambda: self.next.pop() if self.next else None,
        )

    def purse(self) -> Purse:
        return self.till.payers.purse(HOLDER, [], ())


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    made = Shop()
    made.clerk.start()
    yield made
    await made.clerk.close()


async def test_who_waits_is_served_long_before_the_next_round(shop: Shop) -> None:
    since = time.monotonic()
    hold = await shop.till.wait(Wish(shop.purse(), NEED, "k_1"), 5)
    assert time.monotonic() - since < 0.5
    hold.put_back()


async def test_after_a_failure_it_goes_on_and_nobody_is_told_of_a_short_one(shop: Shop) -> None:
    shop.bank.failures = 2
    hold = await shop.till.wait(Wish(shop.purse(), NEED, "k_1"), 5)
    hold.put_back()
    assert shop.told == []


async def test_a_process_that_counts_as_another_is_given_a_bank_of_its_own(shop: Shop) -> None:
    purse = shop.purse()
    hold = await shop.till.wait(Wish(purse, NEED, "k_1"), 5)
    hold.settle(0, 0, 10)
    vault = shop.bank.vault
    vault.bury(1)
    shop.next.append(Failing(vault, 2))
    shop.till.wake()
    await asyncio.sleep(0.3)
    again = await shop.till.wait(Wish(purse, NEED._replace(worst_nusd=900), "k_1"), 5)
    assert {owner for owner, _ in vault.asked[-1:]} == {2}
    again.put_back()


@pytest.mark.slow
async def test_an_idle_clerk_tells_the_bank_that_it_lives(shop: Shop) -> None:
    shop.bank.vault.asked.clear()
    shop.bank.calls = 0
    await asyncio.sleep(2.5)
    assert 2 <= shop.bank.calls <= 4


async def test_closing_gives_everything_back_and_may_be_done_twice() -> None:
    shop = Shop()
    shop.clerk.start()
    await shop.till.wait(Wish(shop.purse(), NEED, "k_1"), 5)
    await shop.clerk.close()
    await shop.clerk.close()
    assert shop.bank.closed
    assert not any(shop.bank.vault.granted.values())
