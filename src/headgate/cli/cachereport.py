"""headgate cache report: what caches read, wrote, saved and missed, and what would save more.

Rule 1: what is saved is measured against the same calls without any cache.
Rule 2: what would have been saved is said apart, and is never added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from headgate.cli.cacheprices import LIVES_S, factors, rates_of
from headgate.cli.earlier import tell_earlier
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, print_json, print_table, say
from headgate.ledger import caching
from headgate.ledger.caching import Given, Missed, Pause, Sums
from headgate.policy import chain, keepalive
from headgate.policy.keepalive import Reckoning, Terms
from headgate.policy.miss import REMEDIES
from headgate.store.event import of_kind
from headgate.store.sql import Connection
from headgate.wire.model import STANDARD

ADVICE = "prompt_cache_advice"
LOSING = "cache_losing"
MOST_THREADS = 200_000
"""conversations that are followed at once"""
NOBODY = "(none)"


class Cause(NamedTuple):
    """One cause, from all callers."""

    why: str
    calls: int
    nusd: int
    first_us: int
    last_us: int
    at: str
    """where it cost the most"""
    who: str
    """whom it cost the most"""


class Report(NamedTuple):
    group: str
    since_us: int
    sums: list[Sums]
    models: list[Sums]
    causes: list[Cause]
    advice: list[dict[str, Any]]
    losing: list[dict[str, Any]]
    keepalive: dict[str, Reckoning]
    """by model"""
    given: list[Given]


def show(connection: Connection, group: str, since_us: int, *, as_json: bool) -> None:
    """Print the report."""
    found = gather(connection, group, since_us)
    tell_earlier(connection, since_us)
    if as_json:
        print_json(as_data(found))
        return
    if not found.sums and not found.given:
        say(
            "nothing to report: no call in this time says what its prompt would have cost"
            " without a cache (a row of an older Headgate does not)"
        )
        return
    _print(found)


def gather(connection: Connection, group: str, since_us: int) -> Report:
    names = caching.names(connection)
    sums = caching.sums(connection, group, since_us)
    if group == "key":
        sums = [it._replace(name=names.get(it.name, it.name)) for it in sums]
    models = caching.sums(connection, "model", since_us)
    return Report(
        group,
        since_us,
        sums,
        models,
        causes(caching.missed(connection, since_us), names),
        _events(connection, ADVICE, since_us),
        _events(connection, LOSING, since_us),
        kept_alive(caching.cached(connection, since_us)),
        caching.given(connection, since_us),
    )


def _events(connection: Connection, kind: str, since_us: int) -> list[dict[str, Any]]:
    """What was told of it, the last for each subject and model."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for noted in of_kind(connection, kind, since_us):
        detail = msgspec.json.decode(noted.detail, type=dict[str, Any])
        name = (noted.subject, str(detail.get("model", "")))
        latest[name] = {"at_us": noted.at_us, "subject": noted.subject, **detail}
    return list(latest.values())


def causes(missed: Iterable[Missed], names: dict[str, str]) -> list[Cause]:
    """Each cause once, the dearest first; of several places and callers the dearest."""
    found: dict[str, Cause] = {}
    for it in missed:
        who = names.get(it.key_id, it.key_id) or "no key"
        who += f", agent {it.agent}" if it.agent else ""
        one = Cause(it.why, it.calls, it.nusd, it.first_us, it.last_us, it.at, who)
        so_far = found.get(it.why)
        found[it.why] = (
            one
            if so_far is None
            else so_far._replace(
                calls=so_far.calls + it.calls,
                nusd=so_far.nusd + it.nusd,
                first_us=min(so_far.first_us, it.first_us),
                last_us=max(so_far.last_us, it.last_us),
            )
        )
    return sorted(found.values(), key=lambda it: it.nusd, reverse=True)


def kept_alive(calls: Iterable[Pause]) -> dict[str, Reckoning]:
    """What pings would have saved, by model."""
    found: dict[str, Reckoning] = {}
    known: dict[tuple[str, str], Terms | None] = {}
    last: dict[object, tuple[Pause, Terms]] = {}
    for it in calls:
        ttl = _ttl(it)
        if (it.model, ttl) not in known:
            known[it.model, ttl] = _terms(it, ttl)
        terms = known[it.model, ttl]
        name = _conversation(it)
        if terms is None or name is None:
            continue
        before = last.pop(name, None)
        if before is not None and not it.wrote:
            terms = before[1]  # what was only read lives as long as it did
        if before is not None:
            gap_s = (it.at_us - before[0].at_us) / 1e6
            so_far = found.get(it.model, Reckoning())
            found[it.model] = keepalive.pause(so_far, before[1], before[0].cached, gap_s)
        if len(last) < MOST_THREADS:
            last[name] = (it, terms)
    for it, terms in last.values():
        found[it.model] = keepalive.end(found.get(it.model, Reckoning()), terms, it.cached)
    return {model: it for model, it in found.items() if it.pauses}


def _ttl(it: Pause) -> str:
    if it.write_12h or it.write_30m:
        return "12h" if it.write_12h else "30m"
    if it.write_1h:
        return "1h"
    return "5m" if "claude" in it.model else "30m"


def _terms(it: Pause, ttl: str) -> Terms | None:
    at = datetime.fromtimestamp(it.at_us / 1e6, UTC)
    rates = rates_of(it.provider, it.model, at)
    for factor in factors(it.model, it.provider, at):
        if factor.ttl == ttl and rates is not None and factor.write > 1:
            plain_nusd = rates.table(STANDARD).bands[-1].rates[0] / 1e9
            longest_s = factor.longest_pause_s
            return Terms(LIVES_S[ttl], factor.write, factor.read, longest_s, plain_nusd)
    return None


def _conversation(it: Pause) -> object:
    """None: nobody can say which one it belongs to."""
    if it.session:
        return it.key_id, it.session, it.agent, it.model
    printed = chain.printed(it.prefix, it.opening)
    return (printed.opening, it.model) if printed is not None and printed.opening else None


# ---- tables


_SUMS = ("calls", "fresh", "read", "written", "read share", "paid", "saved", "missed")
_WORTH = (
    "model",
    "kept for",
    "a write costs",
    "a read",
    "reads to repay",
    "share to repay",
    "share read",
    "",
)
_CAUSES = ("cause", "calls", "lost", "first", "last", "most at", "most of", "what helps")
_ALIVE = ("model", "pauses bridged", "pings", "would save", "would waste", "net")
_GIVEN = ("answered from", "calls", "saved")
_TOLD = ("told", "of", "what")


def _print(it: Report) -> None:
    sums = [_row(found) for found in it.sums]
    worth = [row for found in it.models for row in _worth(found)]
    alive = [_alive(model, found) for model, found in it.keepalive.items()]
    given = [
        (found.source, f"{found.calls:,}", dollars(found.saved_nusd)) for found in it.given
    ]
    since = f"Prompts since {_clock(it.since_us)}"
    tables: list[tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]] = [
        (since, (it.group, *_SUMS), sums),
        ("What has to be read of what is written for it to pay", _WORTH, worth),
        ("Why prompts were not read", _CAUSES, [_cause(cause) for cause in it.causes]),
        ("Had pings kept prompts alive", _ALIVE, alive),
        ("Answers given again", _GIVEN, given),
        ("What Headgate would do", _TOLD, [_told(event) for event in it.advice]),
        ("Where caches lose money", _TOLD, [_told(event) for event in it.losing]),
    ]
    for title, heads, rows in tables:
        if rows:
            print_table(heads, rows, title=title)


def _row(it: Sums) -> tuple[str, ...]:
    counts = [f"{count:,}" for count in (it.calls, it.fresh, it.read, it.written)]
    money = [dollars(nusd) for nusd in (it.input_nusd, it.saved_nusd, it.miss_nusd)]
    return (plain(it.name) or NOBODY, *counts, _share(it), *money)


def _share(it: Sums) -> str:
    return f"{it.read / (it.read + it.written):.1%}" if it.read + it.written else ""


def _worth(it: Sums) -> list[tuple[str, ...]]:
    written = {"5m": it.write_5m, "1h": it.write_1h, "30m": it.write_30m, "12h": it.write_12h}
    found: list[tuple[str, ...]] = []
    for factor in factors(it.name):
        if not written[factor.ttl]:
            continue
        share = it.read / max(it.read + it.written, 1)
        verdict = "pays" if share >= factor.share_needed else "LOSES"
        found.append(
            (
                plain(it.name),
                factor.ttl,
                f"{factor.write:.3g}x",
                f"{factor.read:.3g}x",
                f"{factor.reads_needed:.3g}",
                f"{factor.share_needed:.1%}",
                _share(it),
                verdict,
            )
        )
    return found


def _cause(it: Cause) -> tuple[str, ...]:
    seen = (_clock(it.first_us), _clock(it.last_us))
    place = (plain(it.at), plain(it.who), REMEDIES.get(it.why, ""))
    return (it.why, f"{it.calls:,}", dollars(it.nusd), *seen, *place)


def _alive(model: str, it: Reckoning) -> tuple[str, ...]:
    money = [dollars(round(nusd)) for nusd in (it.saved_nusd, it.wasted_nusd, it.net_nusd)]
    return (plain(model), f"{it.pauses:,}", f"{it.pings:,}", *money)


def _told(event: dict[str, Any]) -> tuple[str, ...]:
    left_out = ("at_us", "subject", "call")
    facts = [f"{name} {value}" for name, value in event.items() if name not in left_out]
    return _clock(event["at_us"]), plain(str(event["subject"])), plain(", ".join(facts))


def _clock(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6).astimezone():%Y-%m-%d %H:%M}"


def as_data(it: Report) -> dict[str, object]:
    """The same for machines; money in nano-dollars."""
    return {
        "since_us": it.since_us,
        "by": it.group,
        "sums": [
            {**sums._asdict(), "written": sums.written, "saved_nusd": sums.saved_nusd}
            for sums in it.sums
        ],
        "break_even": [
            {
                "model": sums.name,
                **factor._asdict(),
                "reads_needed": factor.reads_needed,
                "share_needed": factor.share_needed,
                "read_share": sums.read / max(sums.read + sums.written, 1),
            }
            for sums in it.models
            for factor in factors(sums.name)
        ],
        "misses": [
            {**cause._asdict(), "remedy": REMEDIES.get(cause.why, "")} for cause in it.causes
        ],
        "advice": it.advice,
        "losing": it.losing,
        "keep_alive": {
            model: {
                **found._asdict(),
                "saved_nusd": round(found.saved_nusd),
                "wasted_nusd": round(found.wasted_nusd),
                "net_nusd": round(found.saved_nusd) - round(found.wasted_nusd),
            }
            for model, found in it.keepalive.items()
        },
        "given_again": [given._asdict() for given in it.given],
    }
