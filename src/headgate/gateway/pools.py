"""How the accounts of providers stand: what the operator, /metrics and other workers are shown.

Rule 1: an account is named by its public label; no secret is shown.
Rule 2: state is what one worker knows; counts are those of all workers together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from headgate.engine import Ground
from headgate.policy.headroom import Draw, Room
from headgate.policy.pool import EVERY_MODEL, Gain, Pool, Record

_FULL = {
    "avoided": "avoided",
    "waited_s": "waited_seconds",
    "input": "input_tokens",
    "cached": "cached_tokens",
}
_TINY = Draw(1, 0, 1)
"""what the smallest call uses: an account that cannot take it is short"""


class AccountCounts(Struct, array_like=True):
    provider: str
    account: str
    calls: int
    limited: int
    refused: int
    quarantined: int
    """workers that pass it over"""


class GainCounts(Struct, array_like=True):
    provider: str
    saved: dict[str, int]
    avoided: int
    waited_s: float
    input: int
    cached: int


class Counts(Struct):
    """What one worker, or all of them, counted."""

    accounts: list[AccountCounts] = []
    gains: list[GainCounts] = []


def count(ground: Ground) -> Counts:
    """What was counted here."""
    pool = ground.pool
    dead = {name[:2] for name in pool.quarantines}
    return Counts(
        [
            AccountCounts(*name, it.calls, it.limited, it.refused, int(name in dead))
            for name, it in pool.records.items()
        ],
        [
            GainCounts(name, dict(it.saved), it.avoided, it.waited_s, it.input, it.cached)
            for name, it in pool.gains.items()
        ],
    )


def add(pool: Pool, counts: Counts) -> None:
    """Count on from there."""
    for it in counts.accounts:
        record = pool.records.setdefault((it.provider, it.account), Record())
        record.calls += it.calls
        record.limited += it.limited
        record.refused += it.refused
    for told in counts.gains:
        gain = pool.gain(told.provider)
        for state, calls in told.saved.items():
            gain.saved[state] = gain.saved.get(state, 0) + calls
        gain.avoided += told.avoided
        gain.waited_s += told.waited_s
        gain.input += told.input
        gain.cached += told.cached


def lines(counts: Iterable[Counts]) -> Iterator[str]:
    """Everybody's counts together, as Prometheus text."""
    every, dead = Pool(), dict[tuple[str, str], int]()
    for one in counts:
        add(every, one)
        for it in one.accounts:
            name = (it.provider, it.account)
            dead[name] = dead.get(name, 0) + it.quarantined
    for field, said in (
        ("calls", "Calls that an account answered."),
        ("limited", "Calls that an account refused for its rate limit."),
        ("refused", "Calls that an account refused for its credential, or its money."),
    ):
        rows = [(key, float(getattr(it, field))) for key, it in every.records.items()]
        yield from _metric(f"headgate_account_{field}_total", said, "counter", rows)
    said = "Workers that pass a refused credential over."
    quarantined = [(key, float(number)) for key, number in dead.items()]
    yield from _metric("headgate_account_quarantined", said, "gauge", quarantined)
    yield from _gains(every.gains)


def _gains(gains: dict[str, Gain]) -> Iterator[str]:
    name = "headgate_pool_saved_calls_total"
    yield f"# HELP {name} Calls answered although their own account could not, by what it was."
    yield f"# TYPE {name} counter"
    for provider, gain in gains.items():
        for state, calls in gain.saved.items():
            yield f'{name}{{provider="{_safe(provider)}",account_was="{state}"}} {calls}'
    for field, said in (
        ("avoided", "Calls that were not sent to an account known to be short."),
        ("waited_s", "Seconds that calls waited for an account."),
        ("input", "Tokens of prompts."),
        ("cached", "Tokens of prompts that were read from a cache."),
    ):
        rows = [((provider, ""), float(getattr(it, field))) for provider, it in gains.items()]
        yield from _metric(f"headgate_pool_{_FULL[field]}_total", said, "counter", rows)


def _metric(
    name: str, said: str, kind: str, rows: Iterable[tuple[tuple[str, str], float]]
) -> Iterator[str]:
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} {kind}"
    for (provider, account), value in rows:
        more = f',account="{_safe(account)}"' if account else ""
        yield f'{name}{{provider="{_safe(provider)}"{more}}} {value:.15g}'


def _safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def shown(ground: Ground, worker: int) -> list[dict[str, Any]]:
    """Every provider that has several accounts, or was asked, with how they stand."""
    pool = ground.pool
    asked = {provider for provider, _ in pool.records}
    return [
        {
            "pool": name,
            "worker": worker,
            "accounts": [_account(ground, name, it) for it in accounts],
            "gain": _gain(pool.gain(name)),
        }
        for name, accounts in pool.roster.items()
        if name in asked or len(accounts) > 1
    ]


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "saved": dict(gain.saved),
        "avoided_429s": gain.avoided,
        "waited_s": round(gain.waited_s, 3),
        "input_tokens": gain.input,
        "cached_tokens": gain.cached,
    }


def _account(ground: Ground, provider: str, account: str) -> dict[str, Any]:
    pool, now = ground.pool, ground.clock()
    record = pool.records.get((provider, account), Record())
    models = {family: _room(room, now) for family, room in pool.rooms(provider, account)}
    found: dict[str, Any] = {
        "account": account,
        "state": _worst([each["state"] for each in models.values()]),
        "calls": record.calls,
        "limited": record.limited,
        "refused": record.refused,
        "models": models,
    }
    for (owner, name, model), state in pool.quarantines.items():
        if (owner, name) == (provider, account):
            since = datetime.now(UTC) - timedelta(seconds=now - state.since)
            told = {
                "why": state.why,
                "since": since.isoformat(timespec="seconds"),
                "tried_again_in_s": round(max(0.0, state.until - now), 1),
            }
            if model == EVERY_MODEL:
                found |= {"state": "quarantined", **told}
            else:
                models[model] = {"state": "quarantined", **told}
    return found


def _worst(states: list[str]) -> str:
    """What is said of an account: that of the model it can serve the best."""
    return min(states, key=("live", "short", "cooling").index, default="live")


def _room(room: Room, now: float) -> dict[str, Any]:
    wait_s = room.wait_s(_TINY, now)
    state = "cooling" if room.open_at > now else "short" if wait_s > 0 else "live"
    return {
        "state": state,
        "wait_s": round(min(wait_s, 1e9), 3),
        "headroom": {
            kind: {"limit": it.limit, "left": max(0, int(it.left(now)))}
            for kind, it in room.buckets.items()
            if it.limit
        },
    }
