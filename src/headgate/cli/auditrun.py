"""Runs an audit for the command line: finds what it is about, and tells what came of it.

Rule 1: the ledger is only read, but for the list of what was claimed, so that it can be
measured later whether it came true.
Rule 2: sources are read into a cache, and are never put into the ledger: importing is another
command.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from headgate.audit import claims as claimed
from headgate.audit.claims import Claim, Verified
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Rule
from headgate.audit.page.page import Pictures, page
from headgate.audit.page.pictures import economy, sessions, spending
from headgate.audit.purpose import case
from headgate.audit.report import AT_LIST_PRICES, NOT_ASKED, TRANSCRIPTS, Reading, Report
from headgate.audit.rules import load as load_rules
from headgate.audit.run import run
from headgate.audit.trials import Trial, TrialError, read_trials
from headgate.cli import Misuse, Trouble
from headgate.cli.auditquick import show_quick
from headgate.cli.auditview import as_data, day, of, show
from headgate.cli.openbook import AHEAD_US, Source, source_of, told
from headgate.cli.progress import Progress, progress
from headgate.cli.sharing import known as in_force_here
from headgate.cli.since import start_us
from headgate.cli.terminal import named, print_json, say
from headgate.cli.whole import write_whole
from headgate.config.model import Commitment, Config, Purpose
from headgate.config.purpose import commitment, read_file
from headgate.ledger.book.book import Book, open_files
from headgate.ledger.book.hot import ALWAYS, Window
from headgate.ledger.book.quick import Quick, quick
from headgate.ledger.caching import names
from headgate.ledger.importers.detect import Unreadable, usual
from headgate.ledger.importers.importer import Options
from headgate.ledger.importers.sources import Read, Summary, read_sources
from headgate.ledger.importers.twofold import said
from headgate.ledger.reconcile.run import sellers
from headgate.ledger.reconcile.verdict import Given, Verdict, verdict
from headgate.money.catalog import Catalog
from headgate.store import claim as kept
from headgate.store.place import connect, there_is
from headgate.store.sql import ERRORS, StoreError
from headgate.store.sqlite import state_place

DAY_US = 86_400_000_000
UNPRICED_SHOWN = 5


class _Said(NamedTuple):
    """What people say of the calls."""

    purposes: Sequence[Purpose]
    commitments: Sequence[Commitment]
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told."""

    sources: tuple[Path, ...]
    since: str
    until: str
    named: str
    purposes_file: Path | None
    trials_file: Path | None
    commitments: tuple[str, ...]
    html_file: Path | None
    top: int
    quick: bool
    as_json: bool
    ledger: Path | None
    config_path: str | None


@dataclass(frozen=True, slots=True)
class _About:
    """What the audit is about: a store, or files that were read for it."""

    source: Source
    catalog: Catalog
    read: Read | None

    @property
    def config(self) -> Config:
        return self.source.config

    @contextlib.contextmanager
    def book(self, window: Window = ALWAYS) -> Iterator[Book]:
        if self.read is not None:
            with open_files(self.read.files, window) as book:
                yield book
            return
        with self.source.book(window) as book:
            yield book

    def known(self) -> dict[str, str]:
        """What keys are called."""
        if self.read is not None:
            return {}
        with self.source.connection() as connection:
            return names(connection)

    def reconciled(self, book: Book, window: Window) -> Verdict:
        if self.read is not None:
            return NOT_ASKED
        with self.source.connection() as connection:
            given = Given(self._sellers(), self.catalog)
            return verdict(connection, book, window.since_us, _end(book, window), given)

    def _sellers(self) -> dict[str, str] | None:
        """Whose report calls are in, as `headgate reconcile` has it."""
        config = in_force_here(Path(self.config.source) if self.config.source else None)
        return sellers(config) if config is not None else None


def _end(book: Book, window: Window) -> int:
    """The window's end; with the newest call it ends with that call's day."""
    (newest,) = book.one("SELECT max(at_us) FROM book")
    at_its_end = newest is not None and newest + 1 == window.until_us
    return -(-window.until_us // DAY_US) * DAY_US if at_its_end else window.until_us


def audit(asked: Asked) -> None:
    """Audit what was asked for, and print what was found."""
    if asked.quick and asked.html_file is not None:
        raise Misuse("the first screen alone has no page", "leave --quick or --html away")
    source = source_of((asked.ledger, asked.config_path))
    said = _said(asked, source.config)
    with told(), progress() as bar:
        about = _about(asked, source, bar)
        window = _window(asked, about)
        with about.book(window) as book:
            known = about.known()
            first = quick(book)
            first = replace(first, since_us=max(first.since_us, window.since_us))
            bar.pause()
            if asked.quick or not asked.as_json:
                print_json(named(first)) if asked.as_json else show_quick(first, known)
            if asked.quick:
                return
            evidence = _evidence(asked, about, book, window, said)
            report = _report(about, replace(evidence, say=bar.step), said.purposes, first)
            bar.pause()
            _tell(asked, report, book)


def _evidence(asked: Asked, about: _About, book: Book, window: Window, said: _Said) -> Evidence:
    known = about.known()
    return Evidence(
        book,
        about.catalog,
        *window,
        names=known,
        purpose=case(said.purposes, known),
        commitments=tuple(said.commitments),
        trials=said.trials,
    )


def _report(
    about: _About, evidence: Evidence, purposes: Sequence[Purpose], first: Quick
) -> Report:
    rules = load_rules()
    found = run(evidence, rules, purposes)
    window = Window(evidence.since_us, evidence.until_us)
    reconciled = about.reconciled(evidence.book, window)
    if about.read is not None:
        readings = tuple(_reading(it) for it in about.read.summaries)
        unread = (*about.read.refused, *about.read.unknown)
        return Report(found, first, reconciled, readings, (), unread, evidence.names)
    past = tuple(_past(about, rules, evidence))
    _keep(about.source, [claimed.claimed(evidence, it, _now()) for it in found.claims])
    return Report(found, first, reconciled, (), past, names=evidence.names)


def _tell(asked: Asked, report: Report, book: Book) -> None:
    if asked.as_json:
        print_json(as_data(report))
    else:
        show(report, top=asked.top)
    if asked.html_file is not None:
        window = (report.audit.since_us, report.audit.until_us)
        pictures = Pictures(spending(book, *window), economy(book), sessions(book))
        write_whole(asked.html_file, page(report, pictures), "--html FILE")
        say(f"the report is in {asked.html_file}")


def _about(asked: Asked, source: Source, bar: Progress) -> _About:
    catalog = Catalog.load(source.config.prices.rules)
    if not asked.sources:
        if there_is(source.place) and source.newest_us():
            return _About(source, catalog, None)
        if not usual():
            raise Trouble(
                "there is nothing to audit: the ledger holds no calls, and nothing lies in the"
                " usual places",
                "name what to read, such as `headgate audit ~/.claude` or a usage export of"
                " your provider; or point clients at `headgate up`",
            )
        say("the ledger holds no calls yet; reading " + ", ".join(map(str, usual())))
    try:
        read = read_sources(
            asked.sources,
            catalog,
            state_place(os.environ) / "cache" / "sources",
            Options(named=asked.named),
            bar.watch,
        )
    except Unreadable as error:
        raise Trouble(error.what, error.hint) from error
    return _About(source, catalog, read)


def _window(asked: Asked, about: _About) -> Window:
    """The time that is looked at; without --until it ends with the newest call, but for what
    somebody's clock has put into the future."""
    with about.book() as book:
        first, last, newest = book.one(
            "SELECT min(at_us), max(at_us), max(at_us) FILTER (at_us <= ?) FROM book",
            [_now() + AHEAD_US],
        )
    newest = newest or last
    if newest is None:
        raise Trouble("there is nothing to audit: no call was found", "name another source")
    until = start_us(asked.until, _now(), "--until") if asked.until else newest + 1
    since = start_us(asked.since, until)
    if since >= until or last < since or first >= until:
        raise Misuse(
            f"no call is between --since {asked.since} and --until {asked.until or 'now'}",
            f"calls are there from {day(first)} to {day(last)}",
        )
    return Window(max(since, first // DAY_US * DAY_US), until)


def _said(asked: Asked, config: Config) -> _Said:
    try:
        trials = read_trials(asked.trials_file) if asked.trials_file else ()
    except TrialError as error:
        raise Misuse(error.what, error.hint) from error
    purposes, commitments = config.purposes, config.commitments
    if asked.purposes_file is not None:
        purposes, commitments = read_file(asked.purposes_file)
    return _Said(purposes, [*commitments, *map(_committed, asked.commitments)], trials)


def _committed(text: str) -> Commitment:
    try:
        return commitment(text)
    except ValueError as error:
        hint = 'provider, tier if it has one, and the fee: "anthropic priority 5000/month"'
        raise Misuse(f'--commitment "{text}": {error}', hint) from None


def _past(
    about: _About, rules: Sequence[Rule], evidence: Evidence
) -> Iterator[tuple[Claim, Verified]]:
    """What came of changes that were made."""
    by_name = {rule.name: rule for rule in rules}
    with about.source.connection() as connection:
        made = [it for it in kept.every(connection) if it.applied_us is not None]
    for claim in made:
        since = claim.applied_us or 0
        until = max(since + 1, evidence.until_us)
        if claim.rule in by_name:
            with about.book(Window(since, until)) as book:
                now = replace(evidence, book=book, since_us=since, until_us=until)
                yield claim, claimed.check(claim, by_name[claim.rule], now)


def _keep(source: Source, found: Sequence[Claim]) -> None:
    try:
        with contextlib.closing(connect(source.place)) as connection:
            kept.keep(connection, found)
    except (*ERRORS, StoreError) as error:
        say(f"`headgate audit applied` will not know these findings: {error}")


def _reading(it: Summary) -> Reading:
    words = [f"{file}:{line}: {why}" for file, line, why in it.examples]
    words += [f"{note} ({of(count, 'row')})" for note, count in it.notes.items()]
    if it.kind in TRANSCRIPTS:
        words.append(AT_LIST_PRICES)
    if it.twofold:
        words.append(said(it.twofold) + "; audit one of the two")
    if it.stated:
        words.append(
            f"{of(it.stated, 'row')} at the cost their source states, for want of tokens or"
            " of a listed price"
        )
    if it.unpriced:
        some = list(it.unpriced.items())[:UNPRICED_SHOWN]
        listed = ", ".join(f"{model} ({calls:,})" for model, calls in some)
        words.append(f"nobody lists a price for {listed}: counted at the ceiling")
    return Reading(
        it.kind,
        it.files,
        it.lines,
        it.calls,
        it.twice,
        sum(it.malformed.values()),
        tuple(words),
        it.sums,
        it.of_sums,
    )


def _now() -> int:
    return time.time_ns() // 1000
