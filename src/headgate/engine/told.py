"""What callers are told of their limits and budgets: header fields, and the words of a refusal.

Rule 1: a budget that is spent is told once and for all: no client shall try again (Claude Code
and Codex as measured, 2026-11-20). What time alone will bring is told with its time.
Rule 2: the fields are those of the caller's own vendor, so that its SDK reads them unasked.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache

from headgate.engine.purse import Purse
from headgate.policy.cap import ADJECTIVES, Period, resets
from headgate.policy.holding import Pot, Tap
from headgate.wire.model import Fault, Headers, Kind

NUSD = 1_000_000_000
AMPLE = 500
"""requests, or tokens: of so many nobody counts one more or less"""
REPEATED_S = 0.05
"""for how long what is left is told again as it was, where it is ample"""
UNIFIED = b"anthropic-ratelimit-unified-"
_PERIODS = {"day": b"daily", "week": b"weekly", "month": b"monthly"}
_RESET = {
    "requests": b"requests",
    "input_tokens": b"input-tokens",
    "output_tokens": b"output-tokens",
}


class Spent(Fault):
    """A budget that has nothing left for the call."""

    def __init__(self, pot: Pot, text: str) -> None:
        super().__init__(Kind.BUDGET, text)
        self.period: Period = pot.period
        self.ends_us = pot.span.ends_us()
        self.is_group = not pot.account.startswith("key:")


def spent(pot: Pot, need_nusd: int) -> Spent:
    """The call cannot be paid, now or later."""
    when = f"{ADJECTIVES[pot.period]}; {resets(pot.span.ends_us())}"
    left = pot.left()
    if left <= 0:
        why = f"{dollars(pot.cap)}, {pot.label}, is spent"
    else:
        bound = "may cost up to" if pot.kind == "hard" else "will probably cost"
        say = exactly if dollars(left) == dollars(need_nusd) else dollars
        why = (
            f"{say(left)} of {dollars(pot.cap)}, {pot.label}, are left, and this call"
            f" {bound} {say(need_nusd)}"
        )
    mend = "ask for a larger budget" if left <= 0 else "ask for less output, or a larger budget"
    return Spent(pot, f"spend limit reached ({when}): {why}; {mend}")


def dollars(nusd: int) -> str:
    """As people write it, to the cent, or as far as it takes to show anything."""
    usd = nusd / NUSD
    if usd and abs(usd) < 0.01:
        return f"${usd:.6f}".rstrip("0")
    return f"${usd:,.2f}"


def exactly(nusd: int) -> str:
    """To the nano-dollar: of what would read the same otherwise, and is not."""
    whole, rest = divmod(nusd, NUSD)
    return f"${whole:,}.{rest:09d}".rstrip("0").rstrip(".")


def line_is_full(count: int) -> Fault:
    text = f"{count} calls wait for a limit or a budget already; try again later"
    return Fault(Kind.RATE_LIMITED, text, retry_after=5.0)


def waited(short: Pot | Tap, waited_s: float, wait_s: float) -> Fault:
    """The call could not be let in within its time."""
    if isinstance(short, Tap):
        what = f"rate limit reached: {short.label}"
    elif short.account:
        what = f"what is left of {short.label} is set aside for calls that are running"
    else:
        what = f"rate limit reached: {short.label}"
    after = f", and {waited_s:g} s of waiting did not help" if waited_s else ""
    return Fault(Kind.RATE_LIMITED, what + after, retry_after=max(1.0, wait_s))


def unpriced(targets: str) -> Fault:
    """A budget stands over a call of which nobody knows what it costs."""
    text = (
        f"no price is known of {targets}, and a budget stands over this call, so it is not"
        ' sent; [prices.overrides."provider:model"] in headgate.toml names a price'
    )
    return Fault(Kind.INVALID, text)


def unseen() -> Fault:
    """A call that goes on, and costs, after its answer: nobody could count it."""
    text = (
        "background: what runs on after its answer is paid for, but its cost is never seen"
        " here, and a budget stands over this call; leave background out"
    )
    return Fault(Kind.INVALID, text)


def unreachable(why: str) -> Fault:
    text = f"limits and budgets cannot be held now, so nothing is sent: {why}"
    return Fault(Kind.BUSY, text, retry_after=5.0)


def block_headers(fault: Fault, dialect: str) -> Headers:
    """What Claude Code expects of a block; Codex would wait for a Retry-After."""
    if not isinstance(fault, Spent) or dialect != "anthropic":
        return []
    headers: Headers = [
        (UNIFIED + b"status", b"rejected"),
        (UNIFIED + b"overage-utilization", b"1"),
        (UNIFIED + b"overage-surpassed-threshold", b"1"),
        (UNIFIED + b"overage-disabled-reason", b"org_spend_cap_reached"),
    ]
    if fault.ends_us:
        end_s = fault.ends_us // 1_000_000
        headers += [
            (b"retry-after", str(max(1, end_s - time.time_ns() // 10**9)).encode()),
            (UNIFIED + b"reset", str(end_s).encode()),
            (UNIFIED + b"overage-reset", str(end_s).encode()),
            (UNIFIED + b"overage-period", _PERIODS[fault.period]),
        ]
    if fault.is_group:
        headers.append((UNIFIED + b"overage-scope", b"group_pool"))
    return headers


def warning(purse: Purse) -> Pot | None:
    """The budget that is nearest to its end, of those of which a warning is due."""
    due = [
        pot for pots in (purse.hard, purse.soft, purse.watched) for pot in pots if pot.warned
    ]
    return max(due, key=lambda pot: pot.spent_now() / pot.cap) if due else None


def warning_text(pot: Pot) -> str:
    share = 100 * pot.spent_now() / pot.cap
    return (
        f"budget_warning: {share:.0f} % of {pot.label} ({dollars(pot.cap)}) is spent;"
        f" it {resets(pot.span.ends_us())}"
    )


def warning_headers(pot: Pot, dialect: str) -> Headers:
    """The same as Claude Code shows it to its user."""
    if dialect != "anthropic":
        return []
    passed = pot.warn_at[min(pot.warned, len(pot.warn_at)) - 1]
    share = min(pot.spent_now() / pot.cap, 1.0)
    headers: Headers = [
        (UNIFIED + b"status", b"allowed_warning"),
        (UNIFIED + b"representative-claim", b"overage"),
        (UNIFIED + b"overage-status", b"allowed_warning"),
        (UNIFIED + b"overage-utilization", f"{share:.4g}".encode()),
        (UNIFIED + b"overage-surpassed-threshold", f"{passed:g}".encode()),
    ]
    if ends_us := pot.span.ends_us():
        end_s = str(ends_us // 1_000_000).encode()
        headers += [(UNIFIED + b"reset", end_s), (UNIFIED + b"overage-reset", end_s)]
    return headers


def reply_headers(purse: Purse, dialect: str, *, refused: bool = False) -> Headers:
    """How much may be asked for in the next minute, in the vendor's own fields.

    On a refusal no budget is warned of: Claude Code would show that in place of the reason.
    """
    pot = None if refused else warning(purse)
    if pot is not None:
        return warning_headers(pot, dialect) + _left(purse, dialect)
    now = time.monotonic()
    if now > purse.told_until or dialect != purse.told_in:
        purse.told, purse.told_in = _left(purse, dialect), dialect
        is_ample = all(tap.level + tap.bank > AMPLE for tap, _ in purse.taps)
        purse.told_until = now + REPEATED_S if is_ample else 0.0
    return purse.told


def _left(purse: Purse, dialect: str) -> Headers:
    headers: Headers = []
    tightest: dict[str, tuple[float, Tap]] = {}
    for tap, _ in purse.taps:
        share = (tap.level + tap.bank) / tap.per_minute
        other = tightest.get(tap.what)
        if other is None or share < other[0]:
            tightest[tap.what] = (share, tap)
    say = _anthropic if dialect == "anthropic" else _openai
    for what, (_, tap) in tightest.items():
        say(headers, what, tap)
    return headers


def _full_in_s(tap: Tap, left: int) -> float:
    return (tap.burst - left) * 60 / tap.per_minute if left < tap.burst else 0.0


_ENDS = (b"limit", b"remaining", b"reset")
_ANTHROPIC = {
    what: tuple(
        b"anthropic-ratelimit-" + name + end for end in (b"-limit", b"-remaining", b"-reset")
    )
    for what, name in _RESET.items()
}
_OPENAI = {  # these fields know requests and tokens only
    what: tuple(
        b"x-ratelimit-" + start + name for start in (b"limit-", b"remaining-", b"reset-")
    )
    for what, name in (("requests", b"requests"), ("input_tokens", b"tokens"))
}


def _anthropic(headers: Headers, what: str, tap: Tap) -> None:
    limit, remaining, reset = _ANTHROPIC[what]
    left = tap.left()
    headers.append((limit, b"%d" % tap.per_minute))
    headers.append((remaining, b"%d" % min(left, tap.per_minute)))
    headers.append((reset, _moment(time.time_ns() // 10**9 + round(_full_in_s(tap, left)))))


def _openai(headers: Headers, what: str, tap: Tap) -> None:
    if what not in _OPENAI:
        return
    limit, remaining, reset = _OPENAI[what]
    left = tap.left()
    headers.append((limit, b"%d" % tap.per_minute))
    headers.append((remaining, b"%d" % min(left, tap.per_minute)))
    headers.append((reset, b"%.3fs" % _full_in_s(tap, left)))


@lru_cache(256)
def _moment(at_s: int) -> bytes:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
