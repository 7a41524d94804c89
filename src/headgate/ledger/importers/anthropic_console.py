"""Reads the usage CSV of Anthropic's console: tokens by day, model, key and workspace.

Rule 1: a row stands for a day; how many calls it had is not told, so calls is 0.
Rule 2: an export that overlaps another counts once: a row is known by everything but its
numbers, and of two the one with more tokens is kept, for a day that was not over.
Rule 3: a column of numbers that nobody knows is told, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading, Tally
from headgate.ledger.importers.reading import vendors
from headgate.ledger.importers.reading.items import Cells, Passed, drafts
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.usage import Tokens
from headgate.ledger.importers.reading.values import DAY_US
from headgate.ledger.reconcile.reported import Reported

NAME = "anthropic-console"
WANTED = Wanted(
    mandatory=("usage_date_utc", "model_version", "usage_output_tokens"),
    times=("usage_date_utc",),
)
_COUNTS = {
    "usage_input_tokens_no_cache": "input_fresh",
    "usage_input_tokens_cache_write_5m": "cache_write_5m",
    "usage_input_tokens_cache_write": "cache_write_5m",
    "usage_input_tokens_cache_write_1h": "cache_write_1h",
    "usage_input_tokens_cache_read": "cache_read",
    "usage_output_tokens": "output",
    "web_search_count": "web_searches",
}
"""columns of numbers; 2025's files have one for all cache writes"""
_KNOWN = {name.replace("_", "") for name in _COUNTS}
_SELF = (
    *("usagedateutc", "modelversion", "apikey", "workspace", "usagetype"),
    *("contextwindow", "inferencegeo", "speed"),
)
"""what a row is known by"""
LONG_CONTEXT = 200_001

UNKNOWN = "it has numbers in a column that is not known: {}"
EMPTY = "a row without tokens"


def fits(path: Path, head: bytes) -> bool:
    return columns(head) >= {"usagedateutc", "modelversion"}


def read(reading: Reading) -> Iterator[list[Draft]]:
    source = Source(reading.path, reading.options, WANTED)
    return drafts(reading, source.items, _Sheet(source, reading.tally).draft)


def reported(reading: Reading) -> Iterator[Reported]:
    """The same rows as a report of the provider's."""
    for batch in read(reading):
        for made in batch:
            yield Reported(
                provider="anthropic",
                account=made.team,
                day=made.at_us // DAY_US,
                model=made.model,
                tier=made.tier,
                line="",
                input_fresh=made.input_fresh,
                cache_read=made.cache_read,
                cache_write_5m=made.cache_write_5m,
                cache_write_1h=made.cache_write_1h,
                output=made.output,
            )


class _Sheet:
    """How the rows of one file are understood."""

    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._strange = [
            name
            for name in source.names
            if ("token" in name.lower() or name.lower().endswith("_count"))
            and "".join(c for c in name.lower() if c.isalnum()) not in _KNOWN
        ]

    def draft(self, cells: Cells) -> Draft:
        counts = dict.fromkeys(_COUNTS.values(), 0)
        for column, name in _COUNTS.items():
            counts[name] += self._source.whole(cells, column)
        self._look(cells)
        if not any(counts.values()):
            raise Passed(EMPTY)
        tokens = Tokens(**counts)
        return Draft(
            id=_identity(cells),
            at_us=self._source.us(cells, "usage_date_utc") // DAY_US * DAY_US,
            model=vendors.model_id(text(cells, "modelversion")),
            provider="anthropic",
            key=text(cells, "apikey"),
            team=text(cells, "workspace"),
            calls=0,
            span_us=DAY_US,
            each_input=LONG_CONTEXT if ">" in text(cells, "contextwindow") else 0,
            rank=(sum(tokens), 0, 0),
            **vendors.terms(
                text(cells, "usagetype"), text(cells, "speed"), text(cells, "inferencegeo")
            ),
            **tokens._asdict(),
        )

    def _look(self, cells: Cells) -> None:
        for name in self._strange:
            if self._source.whole(cells, name):
                self._tally.notes[UNKNOWN.format(name)] += 1


def _identity(cells: Cells) -> str:
    parts = "\n".join(text(cells, name) for name in _SELF)
    return f"{NAME}:{blake2b(parts.encode(), digest_size=12).hexdigest()}"


IMPORTER = Importer(
    name=NAME,
    about="the usage CSV of Anthropic's console: tokens by day, model, key and workspace",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv"),
    grows=False,
    reported=reported,
)
