"""Reads the usage CSV of Anthropic's console: tokens by day, model, key and workspace.

Rule 1: a row stands for a day; how many calls it had is not told, so calls is 0.
Rule 2: an export that overlaps another counts once, whichever version of the console wrote it:
a row is known by what it is of, and by its place among such rows of one export; of two the one
with more tokens is kept, for a day that was not over.
Rule 3: a column of numbers that nobody knows is told, never dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading, Tally
from headgate.ledger.importers.reading import vendors
from headgate.ledger.importers.reading.items import Cells, Item, Passed, Skipped, drafts
from headgate.ledger.importers.reading.sheet import AGAIN
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
_SELF = ("apikey", "workspace")
"""what a row is known by, beside its day, model and terms"""
LONG_CONTEXT = 200_001

UNKNOWN = "it has numbers in a column that is not known: {}"
EMPTY = "a row without tokens"


def fits(path: Path, head: bytes) -> bool:
    return columns(head) >= {"usagedateutc", "modelversion"}


def read(reading: Reading) -> Iterator[list[Draft]]:
    source = Source(reading.path, reading.options, WANTED)
    sheet = _Sheet(source, reading.tally)
    return drafts(reading, sheet.apart(source.items), sheet.draft)


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
        self._alike: Counter[str] = Counter()

    def apart(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same; a header in the middle begins another export, which may overlap."""
        for item in items:
            if isinstance(item, Skipped) and item.why == AGAIN:
                self._alike.clear()
            yield item

    def draft(self, cells: Cells) -> Draft:
        counts = dict.fromkeys(_COUNTS.values(), 0)
        for column, name in _COUNTS.items():
            counts[name] += self._source.whole(cells, column)
        self._look(cells)
        at_us = self._source.us(cells, "usage_date_utc") // DAY_US * DAY_US
        model = vendors.model_id(text(cells, "modelversion"))
        long = ">" in text(cells, "contextwindow")
        terms = vendors.terms(
            text(cells, "usagetype"), text(cells, "speed"), text(cells, "inferencegeo")
        )
        own = (text(cells, name) for name in _SELF)
        identity = self._identity(at_us, model, long, *terms.values(), *own)
        if not any(counts.values()):
            raise Passed(EMPTY)
        tokens = Tokens(**counts)
        return Draft(
            id=identity,
            at_us=at_us,
            model=model,
            provider="anthropic",
            key=text(cells, "apikey"),
            team=text(cells, "workspace"),
            calls=0,
            span_us=DAY_US,
            each_input=LONG_CONTEXT if long else 0,
            rank=(sum(tokens), 0, 0),
            **terms,
            **tokens._asdict(),
        )

    def _identity(self, *parts: object) -> str:
        """Two keys may bear one name: their rows are two, told apart by their place."""
        known = "\n".join(map(str, parts))
        self._alike[known] += 1
        known += f"\n{self._alike[known]}"
        return f"{NAME}:{blake2b(known.encode(), digest_size=12).hexdigest()}"

    def _look(self, cells: Cells) -> None:
        for name in self._strange:
            if self._source.whole(cells, name):
                self._tally.notes[UNKNOWN.format(name)] += 1


IMPORTER = Importer(
    name=NAME,
    about="the usage CSV of Anthropic's console: tokens by day, model, key and workspace",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv"),
    grows=False,
    reported=reported,
)
