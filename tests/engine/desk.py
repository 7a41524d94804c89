"""A process's counter on a vault: its till, its running calls, and the wait in line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from headgate.config import CapsConfig
from headgate.engine.purse import Hold, Purse, Wish
from headgate.engine.till import TICK_S, Till
from headgate.policy.cap import NO_CAPS, Budget, Caps, Limits
from headgate.wire.call import Capped, Holder
from tests.engine.vault import Vault

DAY = 20_778
DAY_US = 86_400_000_000
USD = 1_000_000_000


class Desk:
    """A till, its owner number and the holds of its running calls."""

    def __init__(self, vault: Vault, owner: int, caps: CapsConfig) -> None:
        self.vault = vault
        self.owner = owner
        self.till = Till(lambda: vault.now, lambda: DAY * DAY_US + int(vault.now * 1e6))
        self.till.configure(caps)
        self.holds: list[Hold] = []

    def purse(self, key: str = "k_1", caps: Caps = NO_CAPS, tags: Sequence[str] = ()) -> Purse:
        holder = Holder(
            key,
            accounts=("team:t_1", f"key:{key}"),
            caps=(Capped(f"key:{key}", f"key {key!r}", caps),) if caps != NO_CAPS else (),
        )
        return self.till.payers.purse(holder, tags, ())

    def exchange(self) -> None:
        asked = self.till.asks()
        answers = self.vault.exchange(self.owner, [ask for _, ask in asked])
        self.till.answered(asked, answers)

    def settle(self, hold: Hold, cost: int, tokens: tuple[int, int] = (0, 0)) -> None:
        """As settlement and the ledger do it: the rows are committed soon after."""
        hold.settle(*tokens, cost)
        for account in hold.purse.charged.split():
            self.vault.charge(self.owner, account, DAY, cost)


def of_key(*budgets: Budget, lower: bool = False, **limits: int) -> CapsConfig:
    return CapsConfig(each_key=Caps(Limits(**limits), budgets, lower), wait_s=1.0)


async def served(desk: Desk, wish: Wish, wait_s: float = 1.0) -> asyncio.Task[Hold]:
    task = asyncio.ensure_future(desk.till.wait(wish, wait_s))
    await asyncio.sleep(0)
    return task


async def rounds(desk: Desk, count: int = 3) -> None:
    for _ in range(count):
        desk.vault.now += TICK_S
        desk.exchange()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
