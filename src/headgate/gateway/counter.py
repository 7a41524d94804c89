"""Opens the bank that stands behind this process's till, and sees that warnings are heard.

Rule 1: a bank that cannot be reached at the start is a mistake: no cap could be held.
Rule 2: a process that was taken for dead counts as another: its till begins anew.
"""

from __future__ import annotations

from functools import partial

from headgate.config import Config
from headgate.engine import Ground, told
from headgate.engine.clerk import Clerk
from headgate.policy.cap import resets
from headgate.policy.holding import Pot
from headgate.store.bank import Bank, BankError
from headgate.store.bank.open import open_bank
from headgate.store.place import Place
from headgate.store.sql import StoreError


def open_counter(config: Config, place: Place, ground: Ground) -> Clerk:
    """The clerk of this process; StoreError says why there is none."""
    opened = partial(open_bank, place, redis_url=config.store.redis)
    owner = ground.writer.owner_n
    try:
        bank = opened(owner)
    except BankError as error:
        raise StoreError(f"limits and budgets cannot be held: {error}") from error
    journal = ground.settlement.journal

    def reopen() -> Bank | None:
        nonlocal owner
        now = ground.writer.owner_n
        if now == owner:
            return None
        fresh, owner = opened(now), now
        return fresh

    def on_trouble(why: str) -> None:
        journal.say("limits_trouble" if why else "limits_work_again", why=why)

    ground.till.on_spent = partial(_warn, ground)
    ground.till.on_refused = partial(_block, ground)
    return Clerk(ground.till, bank, on_trouble, reopen)


def _warn(ground: Ground, pot: Pot, share: float) -> None:
    """A share of a budget is passed."""
    once = f"{pot.name} {pot.span.first} {share:g} {pot.cap}"
    ground.notices.note("budget_warning", pot.account, once, {**_facts(pot), "passed": share})


def _block(ground: Ground, pot: Pot) -> None:
    """A budget refuses its first call."""
    once = f"{pot.name} {pot.span.first} blocked {pot.cap}"
    ground.notices.note("budget_blocked", pot.account, once, _facts(pot))


def _facts(pot: Pot) -> dict[str, object]:
    return {
        "budget": pot.label,
        "kind": pot.kind,
        "cap_usd": pot.cap / told.NUSD,
        "spent_usd": pot.spent_now() / told.NUSD,
        "resets": resets(pot.span.ends_us()).removeprefix("resets "),
    }
