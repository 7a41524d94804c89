"""What belongs to `headgate audit` beside the audit itself: what calls were made for, and which
of its findings somebody has acted on.

Rule 1: a finding is applied against the time before it: that is measured at once, as long as
its rows are there.
Rule 2: what cannot be measured is not applied: a saving that nobody can check is no saving.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Misuse, Trouble
from headgate.cli.since import start_us
from headgate.cli.terminal import config_option, dollars, json_option, print_json, print_table
from headgate.cli.where import explained, ledger_option
from headgate.store.claim import Claim, apply, every, find, withdraw
from headgate.store.place import connect, there_is

if TYPE_CHECKING:
    from headgate.audit.evidence import Evidence
    from headgate.audit.finding import Rule
    from headgate.audit.purpose import Purpose
    from headgate.audit.trials import Trial
    from headgate.cli.openbook import Source
    from headgate.ledger.book.hot import Window

_VALUE = {True: "value", False: "waste", None: "not said"}


def _purposes_option(command: Any) -> Any:
    decorate: Any = click.option(
        "--purposes",
        "purposes_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="What calls are made for; default: [[purposes]] of headgate.toml.",
    )
    return decorate(command)


@click.command()
@click.option("--suggest", is_flag=True, help="Print a map to begin with, as TOML.")
@click.option("--since", default="30d", show_default=True, help="How far back: 24h, 7d, a day.")
@_purposes_option
@json_option
@ledger_option
@config_option
def purposes(
    suggest: bool,
    since: str,
    purposes_file: Path | None,
    as_json: bool,
    ledger: Path | None,
    config_path: str | None,
) -> None:
    """Show what the spend was for, by the [[purposes]] of headgate.toml.

    \b
    Examples:
      headgate audit purposes --suggest > purposes.toml
      headgate audit purposes --purposes purposes.toml
    """
    from headgate.audit.buckets import buckets
    from headgate.audit.purpose import suggest as suggested

    if suggest and as_json:
        raise Misuse("--suggest prints TOML", "leave --json away")
    source = _source((ledger, config_path))
    window = source.since(since)._replace(until_us=source.newest_us() + 1)
    with _evidence(source, window, purposes_file) as (evidence, known):
        if suggest:
            click.echo(suggested(evidence), nl=False)
            return
        found = buckets(evidence, known, ())
    if as_json:
        print_json([it._asdict() for it in found])
        return
    if not found:
        raise Trouble(f"there is no call since {since}", "look further back with --since 90d")
    rows = [
        (it.name, _VALUE[it.value], f"{it.calls:,}", dollars(it.spend_nusd)) for it in found
    ]
    total = sum(it.calls for it in found), sum(it.spend_nusd for it in found)
    rows.append(("together", "", f"{total[0]:,}", dollars(total[1])))
    print_table(("purpose", "value or waste", "calls", "spend"), rows)


@click.command()
@click.argument("finding_id", default="")
@click.option("--at", "at", default="", help="Since when: 2d, or a day; default: now.")
@click.option("--undo", is_flag=True, help="The change is not in force, or no longer.")
@_purposes_option
@click.option(
    "--evidence",
    "trials_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="As the audit had it, where the finding rests on it.",
)
@json_option
@ledger_option
@config_option
def applied(**options: Any) -> None:
    """Say that a finding's change was made, so that later audits measure what it saved.

    FINDING_ID is the one an audit prints, or the beginning of it; without one, all that are
    known are listed. The time before the change is measured at once; audits after it say what
    was saved, with an interval, or that it is too early to tell.

    \b
    Examples:
      headgate audit applied
      headgate audit applied 3f9a01bc --at 2026-11-20
    """
    source = _source((options["ledger"], options["config_path"]))
    if not options["finding_id"]:
        _list(source, as_json=options["as_json"])
        return
    claim = _found(source, options["finding_id"])
    if options["undo"]:
        with explained(), contextlib.closing(connect(source.place)) as connection:
            withdraw(connection, claim.id)
        _tell(claim._replace(applied_us=None), as_json=options["as_json"])
        return
    now = _now()
    at_us = start_us(options["at"], now) if options["at"] else now
    if at_us > now:
        raise Misuse(f"--at {options['at']} is still to come", "say it once the change is made")
    made = _measured(claim, source, at_us, options)
    with explained(), contextlib.closing(connect(source.place)) as connection:
        apply(connection, made)
    _tell(made, as_json=options["as_json"])


def _measured(claim: Claim, source: Source, at_us: int, options: dict[str, Any]) -> Claim:
    """The claim with what it will be measured against."""
    from headgate.audit import claims
    from headgate.audit.rules import load
    from headgate.ledger.book.hot import Window

    rules: dict[str, Rule] = {rule.name: rule for rule in load()}
    if claim.rule not in rules:
        raise Trouble(
            f"the rule {claim.rule} is not installed any more",
            "install the package that brought it, or withdraw the finding with --undo",
        )
    window = Window(at_us - claims.span_us(claim), at_us)
    files = options["purposes_file"], options["trials_file"]
    with _evidence(source, window, *files) as (evidence, _):
        made = claims.applied(claim, rules[claim.rule], evidence, at_us)
    if not claims.measurable(made):
        raise Trouble(
            f"{claim.subject}: in the {_days(window)} before, this finding is not there",
            "say with --at when the change was made; and give --purposes and --evidence as the"
            " audit had them",
        )
    return made


@contextlib.contextmanager
def _evidence(
    source: Source, window: Window, purposes_file: Path | None, trials_file: Path | None = None
) -> Iterator[tuple[Evidence, tuple[Purpose, ...]]]:
    from headgate.audit.evidence import Evidence
    from headgate.audit.purpose import case
    from headgate.config.purpose import read_file
    from headgate.ledger.caching import names
    from headgate.money.catalog import Catalog

    known, commitments = source.config.purposes, source.config.commitments
    if purposes_file is not None:
        known, commitments = read_file(purposes_file)
    with source.connection() as connection:
        called = names(connection)
    with source.book(window) as book:
        evidence = Evidence(
            book,
            Catalog.load(source.config.prices.rules),
            *window,
            names=called,
            purpose=case(known, called),
            commitments=commitments,
            trials=_trials(trials_file),
        )
        yield evidence, known


def _trials(file: Path | None) -> tuple[Trial, ...]:
    from headgate.audit.trials import TrialError, read_trials

    try:
        return read_trials(file) if file is not None else ()
    except TrialError as error:
        raise Trouble(error.what, error.hint) from error


def _source(named: tuple[Path | None, str | None]) -> Source:
    from headgate.cli.openbook import source_of  # costly to load

    source = source_of(named)
    if not there_is(source.place):
        raise Trouble(
            f"there is no ledger at {source.place} yet",
            "bring calls into it: headgate up, or headgate import SOURCE",
        )
    return source


def _found(source: Source, beginning: str) -> Claim:
    with source.connection() as connection:
        found = find(connection, beginning.lower())
    if not found:
        raise Trouble(
            f"no finding is called {beginning}",
            "see which there are: headgate audit applied; an audit of the ledger adds them",
        )
    if len(found) > 1:
        raise Misuse(f"{beginning} begins {len(found)} ids", ", ".join(it.id for it in found))
    return found[0]


def _list(source: Source, *, as_json: bool) -> None:
    with source.connection() as connection:
        found = every(connection)
    if as_json:
        print_json([_data(it) for it in found])
        return
    if not found:
        raise Trouble("no audit has found anything yet", "make one: headgate audit")
    print_table(
        ("id", "finding", "claimed", "found", "applied"),
        [
            (
                it.id,
                f"{it.rule}: {it.subject}",
                dollars(it.claimed_nusd),
                _day(it.at_us),
                _day(it.applied_us) if it.applied_us is not None else "",
            )
            for it in found
        ],
    )


def _tell(claim: Claim, *, as_json: bool) -> None:
    if as_json:
        print_json(_data(claim))
    elif claim.applied_us is None:
        click.echo(f"{claim.id} ({claim.rule}: {claim.subject}) is not in force.")
    else:
        click.echo(
            f"{claim.id} ({claim.rule}: {claim.subject}) is in force since"
            f" {_day(claim.applied_us)}. The next audits say what it saved."
        )


def _data(claim: Claim) -> dict[str, Any]:
    return claim._asdict() | {"detail": json.loads(claim.detail)}


def _day(at_us: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at_us / 1e6))


def _days(window: Window) -> str:
    return f"{(window.until_us - window.since_us) / 86_400e6:.0f} days"


def _now() -> int:
    return time.time_ns() // 1000
