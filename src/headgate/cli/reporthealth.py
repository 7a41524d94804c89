"""headgate report health: whether the numbers can be trusted, and what was paid for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from headgate.cli.openbook import Source
from headgate.cli.reporting import GATEWAY, Found, Opened, say_left_out, share
from headgate.cli.tail import plain
from headgate.cli.terminal import dollars, out, print_table
from headgate.ledger.book.question import ask
from headgate.ledger.book.questions import failures, health


class Kept(NamedTuple):
    """What the store says of itself."""

    unsealed: int
    """rows that no segment holds yet"""
    segments: int
    sealed: int
    """rows in them"""
    open_intents: int
    """calls that were sent, and whose end nobody has written down: running now, or lost"""
    oldest_intent_us: int
    probable_nusd: int
    """what they probably cost"""


def kept(source: Source) -> Kept:
    """Counts of the store itself."""
    with source.connection() as connection:
        one = connection.execute("SELECT count(*) FROM call").fetchone()
        two = connection.execute(
            "SELECT count(*), coalesce(sum(rows), 0) FROM segment WHERE gone_us IS NULL"
        ).fetchone()
        three = connection.execute(
            "SELECT count(*), coalesce(min(at_us), 0), coalesce(sum(probable_nusd), 0)"
            " FROM intent"
        ).fetchone()
    return Kept(*map(int, (*one, *two, *three)))


def gather(it: Opened) -> Found:
    return {
        "extent": ask(it.asks, health.EXTENT, it.cut),
        "unpriced": ask(it.asks, health.UNPRICED, it.cut),
        "failures": ask(it.asks, failures.FAILURES, it.cut),
    }


def show(it: Opened, found: Found, store: Kept | None) -> None:
    if store is not None:
        _store(store)
    print_table(
        ("source", "rows", "calls", "from", "until (UTC)", "estimated", "simulated", "cost"),
        [
            (
                plain(row.source) or GATEWAY,
                f"{row.rows:,}" + (f" ({row.spans:,} spans)" if row.spans else ""),
                f"{row.calls:,}",
                _when(row.first_us),
                _when(row.last_us),
                f"{row.estimated:,}" if row.estimated else "",
                f"{row.simulated:,}" if row.simulated else "",
                dollars(row.cost_nusd),
            )
            for row in found["extent"].rows
        ],
        title="What the book holds",
    )
    if found["unpriced"].rows:
        print_table(
            ("model", "provider", "calls", "tokens", "counted at the ceiling"),
            [
                (
                    plain(row.model),
                    plain(row.provider),
                    f"{row.calls:,}",
                    f"{row.tokens:,}",
                    dollars(row.cost_nusd),
                )
                for row in found["unpriced"].rows
            ],
            title="Models whose price nobody knows; prices.overrides in headgate.toml sets one",
        )
    _failed(it, found)
    say_left_out(found, "tries")


def _store(store: Kept) -> None:
    words = [
        f"{store.unsealed:,} rows in the store, {store.sealed:,} in"
        f" {store.segments:,} sealed segments"
    ]
    if store.open_intents:
        words.append(
            f"{store.open_intents:,} calls were sent and have no end yet, the oldest since"
            f" {_when(store.oldest_intent_us)}: running, or billed and not seen"
            f" (probably {dollars(store.probable_nusd)})"
        )
    out().print("\n".join(words) + "\n", highlight=False)


def _failed(it: Opened, found: Found) -> None:
    rows = found["failures"].rows
    calls = sum(row.calls for row in found["extent"].rows)
    if not rows:
        return
    heads = (
        "what", "status", "provider", "model", "calls", "of all", "tries", "perhaps billed",
        "paid",
    )  # fmt: skip
    print_table(
        heads,
        [
            (
                plain(row.what),
                f"{row.status}",
                plain(row.provider),
                plain(row.model),
                f"{row.calls:,}",
                share(row.calls, calls),
                f"{row.tries:,}",
                f"{row.maybe_billed:,}" if row.maybe_billed else "",
                dollars(row.cost_nusd),
            )
            for row in rows[: it.cut.limit]
        ],
        title="Calls that failed or were tried again, and what was paid for them",
    )


def _when(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M}"
