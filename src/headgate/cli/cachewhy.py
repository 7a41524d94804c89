"""headgate cache why: one call's miss, found again among the calls before it.

Rule 1: what settlement found stands; only where it found nothing, such as after a restart, is
the row compared with those before it, by the hashes that both keep.
Rule 2: "since when" is the first call that was sent with what this one was sent with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import click

from headgate.cli import Trouble
from headgate.cli.cacheprices import rates_of
from headgate.cli.earlier import earlier, tell_earlier
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, print_json, say
from headgate.ledger import caching
from headgate.ledger.caching import Step
from headgate.ledger.recent import Row
from headgate.ledger.record import Entry
from headgate.policy import chain, miss
from headgate.policy.chain import Printed
from headgate.policy.miss import REMEDIES, Link, Now, Past, Verdict
from headgate.store.sql import Connection
from headgate.wire.model import Terms, Usage

SLOW_S = 1.0
"""a search that takes longer says how far it has come"""
_CHANGES = {"tools_changed": ("tools",), "system_changed": ("system", "instructions")}
_USAGE = Usage._fields


class Since(NamedTuple):
    """The calls that were sent with the version that missed, up to this one."""

    first: Step | None
    """None: this very call is the first"""
    calls: int
    missed: int
    nusd: int


class Found(NamedTuple):
    """Everything that is said of one call."""

    row: Row
    why: str
    at: str
    nusd: int
    tokens: int
    """that could have been read; 0: nobody knows"""
    compared: Step | None
    """the call that it is measured by"""
    since: Since | None
    recorded: bool
    """was it found when the call was settled"""


def show(connection: Connection, id: str, *, as_json: bool) -> None:
    """Print why the call of this id missed."""
    row = caching.find(connection, id, _Progress())
    if row is None:
        words = earlier(connection, 0)
        sealed = f"; {words}, and are not looked at" if words else ""
        raise Trouble(
            f"no call in the ledger has the id {plain(id)}",
            "it stands in the reply's x-request-id header and in `headgate tail`; a call that"
            f" still runs has no row yet{sealed}",
        )
    tell_earlier(connection, row.entry.at_us - caching.BACK_US)
    found = explain(connection, row)
    names = caching.names(connection)
    if as_json:
        print_json(as_data(found))
    else:
        click.echo("\n".join(as_lines(found, names)))


class _Progress:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._said = 0

    def __call__(self, rows: int) -> None:
        if time.monotonic() - self._began > SLOW_S and rows - self._said >= 500_000:
            self._said = rows
            say(f"looked at the newest {rows:,} rows so far")


def explain(connection: Connection, row: Row) -> Found:
    """What the row says, and what the calls before it say of it."""
    entry = row.entry
    mine = chain.printed(entry.prefix, entry.opening)
    earlier = list(caching.before(connection, row.seq, entry.at_us)) if mine else []
    compared, link = _nearest(entry, mine, earlier)
    recorded = bool(entry.miss)
    why, at, nusd, tokens = entry.miss, entry.miss_at, entry.miss_nusd, 0
    verdict = _verdict(entry, compared, link)
    if verdict is not None and (not recorded or _is_worth(entry, verdict.tokens)):
        tokens = verdict.tokens
    if not recorded and verdict is not None:
        why = verdict.why
        at = verdict.note or (link.change.member if link is not None and link.change else "")
        nusd = _cost_nusd(entry, verdict.tokens)
    since = _since(why, mine, earlier) if why and mine is not None else None
    return Found(row, why, at, nusd, tokens, compared, since, recorded)


def _nearest(
    entry: Entry, mine: Printed | None, earlier: Sequence[Step]
) -> tuple[Step | None, Link | None]:
    """The call that it goes on from, else the latest that opened as it does."""
    best: tuple[Step | None, Link | None] = None, None
    if mine is None:
        return best
    for step in earlier:
        theirs = chain.printed(step.prefix, step.opening)
        if theirs is None:
            continue
        same = bool(entry.session) and (step.session, step.agent) == (
            entry.session,
            entry.agent,
        )
        link = chain.link(theirs, mine, same_session=same)
        if link is None or (
            link.change is not None and not same and step.key_id != entry.key_id
        ):
            continue
        if link.goes_on:
            return step, link
        if best[0] is None:
            best = step, link
    return best


def _verdict(entry: Entry, past: Step | None, link: Link | None) -> Verdict | None:
    if past is None or link is None or entry.usage_from != "provider":
        return None
    automatic = "claude" not in entry.model_sent
    rates = rates_of(entry.provider, entry.model_sent, _day(entry.at_us))
    usage = _usage(past)
    return miss.judge(
        Past(
            past.at_us / 1e6,
            (past.at_us + past.ttft_us) / 1e6,
            past.model,
            f"{past.provider}/{past.credential}",
            usage.input_total,
            miss.left_behind(usage, automatic=automatic),
            miss.lives_s(usage),
        ),
        Now(
            entry.at_us / 1e6,
            (entry.at_us + entry.ttft_us) / 1e6,
            entry.model_sent,
            f"{entry.provider}/{entry.credential}",
            _usage(entry),
            entry.cache_plan.startswith(("on", "own")),
            automatic,
            (rates.cache_minimum or 0) if rates is not None else 0,
        ),
        link,
    )


def _usage(row: Step | Entry) -> Usage:
    return Usage(
        row.input_fresh,
        row.cache_read,
        row.cache_write_5m,
        row.cache_write_1h,
        row.cache_write_30m,
        row.cache_write_12h,
    )


def _cost_nusd(entry: Entry, tokens: int) -> int:
    rates = rates_of(entry.provider, entry.model_sent, _day(entry.at_us))
    if rates is None:
        return 0
    usage, terms = _usage(entry), Terms(entry.tier, entry.speed, entry.geo)
    return miss.cost_nusd(tokens, usage, rates.cost(usage, terms), rates, terms)


def _is_worth(entry: Entry, tokens: int) -> bool:
    """Do so many tokens cost what settlement found, which saw more than the ledger keeps."""
    return abs(_cost_nusd(entry, tokens) - entry.miss_nusd) <= 0.01 * entry.miss_nusd


def _since(why: str, mine: Printed, earlier: Sequence[Step]) -> Since | None:
    """Since when what changed has been as it is: the hashes up to it are the same."""
    member = next((n for n in _CHANGES.get(why, ()) if n in mine.names), "")
    if not member:
        return None
    version = mine.pairs[mine.names.index(member)][0]
    alike = [step for step in earlier if version in _hashes(step)]
    missed = [step for step in alike if step.miss]
    nusd = sum(step.miss_nusd for step in missed)
    return Since(alike[-1] if alike else None, len(alike), len(missed), nusd)


def _hashes(step: Step) -> set[bytes]:
    printed = chain.printed(step.prefix, step.opening)
    return {h for h, _ in printed.pairs} if printed is not None else set()


def _day(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)


# ---- words


def as_data(found: Found) -> dict[str, object]:
    """The same for machines."""
    entry, compared, since = found.row.entry, found.compared, found.since
    return {
        "id": entry.id,
        "at_us": entry.at_us,
        "key_id": entry.key_id,
        "key_name": found.row.key_name,
        "session": entry.session,
        "agent": entry.agent,
        "provider": entry.provider,
        "model": entry.model_sent,
        "input_tokens": _usage(entry).input_total,
        "read_tokens": entry.cache_read,
        "missed_tokens": found.tokens,
        "why": found.why,
        "at": found.at,
        "cost_nusd": found.nusd,
        "recorded": found.recorded,
        "plan": entry.cache_plan,
        "compared_with": compared.id if compared is not None else None,
        "since": None
        if since is None
        else {
            "first": since.first.id if since.first is not None else entry.id,
            "at_us": since.first.at_us if since.first is not None else entry.at_us,
            "key_id": since.first.key_id if since.first is not None else entry.key_id,
            "calls_before": since.calls,
            "missed_before": since.missed,
            "missed_before_nusd": since.nusd,
        },
        "remedy": REMEDIES.get(found.why, ""),
    }


def as_lines(found: Found, names: dict[str, str]) -> list[str]:
    """The whole answer, a line for each fact."""
    entry = found.row.entry
    usage = _usage(entry)
    lines = [
        f"{_clock(entry.at_us)}  {plain(entry.id)}  {plain(entry.model_sent)}"
        f"  {_who(entry.key_id, names, entry.session, entry.agent)}",
        "",
    ]
    if entry.usage_from != "provider":
        return [*lines, f"nothing was counted: the call ended with {_ended(entry)}"]
    read = (
        f"{entry.cache_read:,} of {usage.input_total:,} input tokens were read from the cache"
    )
    written = usage.input_total - usage.input_fresh - usage.cache_read
    lines.append(_line("read", read + (f", {written:,} were written to it" if written else "")))
    if not found.why:
        return [*lines, _line("cause", _no_miss(found))]
    lost = f", {found.tokens:,} tokens" if found.tokens else ""
    place = f": {plain(found.at)}" if found.at else ""
    lines.append(_line("cause", f"{found.why}{place}"))
    lines.append(_line("cost", f"{dollars(found.nusd)} more than reading it{lost}"))
    if found.compared is not None:
        lines.append(_line("against", _against(found, names)))
    if found.since is not None:
        lines += _since_lines(found, found.since, names)
    lines.append(_line("do", REMEDIES.get(found.why, "nothing is known to help")))
    if entry.cache_plan.startswith("advise "):
        advice = f"Headgate would mark {entry.cache_plan.removeprefix('advise ')}"
        lines.append(_line("", f'{advice}: [cache] prompt = "on"'))
    if not found.recorded:
        lines.append(_line("", "found now, from the ledger alone: which part is not known"))
    return lines


def _no_miss(found: Found) -> str:
    if found.row.entry.cache_read:
        return "no miss: it read what was there to be read"
    if found.row.entry.prefix is None:
        return "not known: [ledger] fingerprints is off, so nothing can be compared"
    if found.compared is None:
        return "no miss: no earlier call began like this one, so nothing was there"
    return "no miss: nothing that could be read was left by the calls before it"


def _against(found: Found, names: dict[str, str]) -> str:
    step, entry = found.compared, found.row.entry
    assert step is not None
    gap = miss.span(max(0.0, (entry.at_us - step.at_us) / 1e6))
    left = miss.left_behind(_usage(step), automatic="claude" not in step.model)
    who = "" if step.key_id == entry.key_id else f" of {_who(step.key_id, names, '', '')}"
    return f"{plain(step.id)}{who}, {gap} before, which left {left:,} tokens in the cache"


def _since_lines(found: Found, since: Since, names: dict[str, str]) -> list[str]:
    first = since.first
    if first is None:
        return [_line("since", "this call: it is the first with this version")]
    who = _who(first.key_id, names, first.session, first.agent)
    return [
        _line("since", f"{_clock(first.at_us)}  {plain(first.id)}  {who}: the first with it"),
        _line(
            "",
            f"{since.calls:,} calls with it before this one, {since.missed:,} of them missed:"
            f" {dollars(since.nusd)}",
        ),
    ]


def _who(key_id: str, names: dict[str, str], session: str, agent: str) -> str:
    parts = [f"key {plain(names.get(key_id, '') or key_id)}" if key_id else "no key"]
    parts += [f"session {plain(session)}"] if session else []
    parts += [f"agent {plain(agent)}"] if agent else []
    return ", ".join(parts)


def _ended(entry: Entry) -> str:
    return entry.fault or entry.ending


def _line(head: str, text: str) -> str:
    return f"{head:8} {text}"


def _clock(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6).astimezone():%Y-%m-%d %H:%M:%S}"
