"""headgate cache near: how often answers to nearly the same question were the same.

Rule 1: the report is what opens serve: it is kept in the store, and gateways read it there.
Rule 2: it names calls and counts, never a word of what was asked or answered.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Trouble
from headgate.cli.earlier import tell_earlier
from headgate.cli.since import start_us
from headgate.cli.terminal import config_option, dollars, json_option, print_json
from headgate.cli.where import explained, find_ledger, ledger_option

if TYPE_CHECKING:
    from headgate.policy.trust import Report
    from headgate.store.near import Measured
    from headgate.store.place import Place

EXAMPLE = '[cache] near = "shadow" and near_model = "openai:text-embedding-3-small"'
SHOWN = 10
"""disagreements that people see; --json has more"""


@click.group()
def near() -> None:
    """Measure answers to nearly the same question.

    \b
    Example:
      headgate cache near report
    """


@near.command()
@click.option(
    "--since",
    default="7d",
    show_default=True,
    help="How far back: 30m, 24h, 7d, 2w, or a day such as 2026-11-01.",
)
@json_option
@ledger_option
@config_option
def report(since: str, as_json: bool, ledger: Path | None, config_path: str | None) -> None:
    """Report how often near answers were right; serve needs that report.

    With [cache] near = "shadow" and a near_model, calls whose replies are kept (reply_cache)
    are compared, after they were answered, with those asked before in the same context. A
    verifier refuses a pair when a number, a date, a name, code, a negation or any other word
    that decides differs. Of the pairs that are left the answers are compared: they count as
    the same when they are equal but for blanks and capitals, or state the same facts in nearly
    the same words. That stands for a reader's judgement, and is stricter than one.

    near = "serve" gives near answers while the last report is younger than 30 days, has at
    least 50 pairs, and its precision is at least 95 % even at the lower end of its interval.

    \b
    Examples:
      headgate cache near report
      headgate cache near report --since 24h --json | jq .disagreed
    """
    from headgate.cli.sharing import in_force
    from headgate.policy.trust import PER_MILLE, objection

    cache = in_force(Path(config_path) if config_path else None).cache
    if not cache.near_model:
        raise Trouble("no model turns questions into numbers", f"write {EXAMPLE}")
    now_us = time.time_ns() // 1000
    since_us = start_us(since, now_us)
    likeness = round(cache.near_likeness * PER_MILLE)
    place = find_ledger(ledger, config_path)
    found, made = _measure(place, since_us, cache.near_model, likeness, now_us)
    why = objection(made, now_us, model=cache.near_model, likeness=cache.near_likeness)
    if as_json:
        print_json(as_data(found, made, why))
        return
    for line in as_lines(found, made, why, mode=cache.near):
        click.echo(line)


def _measure(
    place: Place, since_us: int, model: str, likeness: int, now_us: int
) -> tuple[Measured, Report]:
    from headgate.policy.trust import Report, thousandths, wilson
    from headgate.store import near as table
    from headgate.store.place import connect, explain
    from headgate.store.sql import ERRORS

    with explained():
        connection = connect(place)
        try:
            found = table.measure(connection, since_us, model, likeness)
            tell_earlier(connection, since_us)
            share = found.agreed / found.verified if found.verified else 0.0
            low, _ = wilson(found.agreed, found.verified)
            made = Report(
                now_us,
                since_us,
                found.calls,
                found.candidates,
                found.verified,
                found.agreed,
                thousandths(share),
                thousandths(low),
                likeness,
                model,
            )
            table.file(connection, made)
        except ERRORS as error:
            raise explain(error, place) from error
        finally:
            connection.close()
    return found, made


def as_data(found: Measured, made: Report, why: str) -> dict[str, Any]:
    """The report as JSON."""
    from headgate.policy.trust import LEAST_PAIRS, LEAST_PRECISION, PER_MILLE, wilson

    low, high = wilson(found.agreed, found.verified)
    return {
        "at_us": made.at_us,
        "since_us": made.since_us,
        "model": made.model,
        "likeness": made.likeness / PER_MILLE,
        "calls": found.calls,
        "candidates": found.candidates,
        "refused": found.refused,
        "refused_although_agreed": found.strict,
        "verified": found.verified,
        "agreed": found.agreed,
        "judged_by": "words: equal, or the same facts in nearly the same words",
        "precision": found.agreed / found.verified if found.verified else None,
        "interval_95": [low, high],
        "would_save_nusd": found.worth_nusd,
        "cost_nusd": found.cost_nusd,
        "served": found.served,
        "saved_nusd": found.saved_nusd,
        "disagreed": [pair._asdict() for pair in found.disagreed],
        "needed": {"pairs": LEAST_PAIRS, "precision_at_least": LEAST_PRECISION},
        "may_serve": not why,
        "why_not": why,
    }


def as_lines(found: Measured, made: Report, why: str, *, mode: str) -> list[str]:
    """The report for people."""
    from headgate.policy.trust import LEAST_PAIRS, LEAST_PRECISION, PER_MILLE, wilson

    since = datetime.fromtimestamp(made.since_us / 1e6).astimezone()
    low, high = wilson(found.agreed, found.verified)
    causes = ", ".join(f"{cause} {count:,}" for cause, count in found.refused.items())
    refused = sum(found.refused.values())
    lines = [
        f"nearly the same questions since {since:%Y-%m-%d %H:%M}, by {made.model},"
        f" likeness {made.likeness / PER_MILLE:g} and above",
        _line("calls looked at", found.calls),
        _line("near enough", found.candidates),
        _line("refused by the verifier", refused, causes),
        _line("taken for the same", found.verified),
        _line("answers the same", found.agreed, "judged by their words, not by a reader"),
    ]
    if found.strict:
        lines.append(_line("refused in vain", found.strict, "their answers were the same"))
    if found.verified:
        share = found.agreed / found.verified
        lines.append(f"  {'precision':<26}{share:>9.1%}  95 %: {low:.1%} to {high:.1%}")
    lines += [
        f"  {'would have saved':<26}{dollars(found.worth_nusd):>9}",
        f"  {'the numbers cost':<26}{dollars(found.cost_nusd):>9}",
    ]
    if found.served:
        lines.append(_line("served", found.served, f"saved {dollars(found.saved_nusd)}"))
    for pair in found.disagreed[:SHOWN]:
        lines.append(
            f"  differs: {pair.call_id} from {pair.other_id}"
            f" at likeness {pair.likeness / PER_MILLE:g}"
        )
    if len(found.disagreed) > SHOWN:
        lines.append(f"  and {len(found.disagreed) - SHOWN} more: --json")
    needs = f"{LEAST_PAIRS} pairs and a precision of {LEAST_PRECISION:.0%} at the lower end"
    if why:
        lines.append(f"not to be served yet ({needs} are needed): {why}")
    elif mode == "serve":
        lines.append("served: gateways take this report up within some seconds")
    else:
        lines.append('may be served: write [cache] near = "serve"')
    return lines


def _line(what: str, count: int, more: str = "") -> str:
    return f"  {what:<26}{count:>9,}{f'  {more}' if more else ''}"
