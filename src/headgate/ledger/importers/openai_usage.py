"""Reads OpenAI's usage: CSVs of its dashboard, and pages of /v1/organization/usage.

Rule 1: a row stands for all calls of a minute, an hour or a day that have in common what the
export is grouped by.
Rule 2: `input_tokens` holds what was read from a cache and written to one.
Rule 3: two rows of one export can agree in everything that is exported, and are two: they are
told apart by their place among such rows, so that an overlapping export still counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading, Tally
from headgate.ledger.importers.reading import usage, vendors
from headgate.ledger.importers.reading.items import (
    Cells,
    Item,
    Passed,
    Row,
    Skipped,
    drafts,
    folded,
)
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.usage import Tokens, Told
from headgate.ledger.importers.reading.values import DAY_US, Bad
from headgate.ledger.reconcile.reported import Reported

NAME = "openai-usage"
WANTED = Wanted(
    mandatory=("start_time", "end_time"),
    times=(),
    numbers=("num_model_requests", "input_tokens", "output_tokens"),
)
_SELF = (
    *("starttime", "endtime", "projectid", "userid", "apikeyid", "model", "batch"),
    *("servicetier", "apisource"),
)
_SOUND = (*("inputaudiotokens", "outputaudiotokens", "inputimagetokens", "outputimagetokens"),)
EMPTY = "a span without calls"
OTHERS = "a row of another service: only models that are paid by the token are read"
UNGROUPED = "it names no model: export it again, grouped by model (group_by=model)"


def fits(path: Path, head: bytes) -> bool:
    names = columns(head)
    if "amountvalue" in names or "amount" in names:
        return False
    return names >= {"starttime", "endtime", "starttimeiso"} or (
        names >= {"starttime", "endtime", "results"} and b"organization.usage." in head
    )


def read(reading: Reading) -> Iterator[list[Draft]]:
    source = Source(reading.path, reading.options, WANTED)
    return drafts(reading, results(source.items), _Report(source, reading.tally).draft)


def reported(reading: Reading) -> Iterator[Reported]:
    """The same rows as a report of the provider's."""
    for batch in read(reading):
        for made in batch:
            yield Reported(
                provider="openai",
                account=made.project,
                day=made.at_us // DAY_US,
                model=made.model,
                tier=made.tier,
                line="",
                requests=made.calls or None,
                input_fresh=made.input_fresh,
                cache_read=made.cache_read,
                cache_write_30m=made.cache_write_30m,
                cache_write_12h=made.cache_write_12h,
                output=made.output,
            )


def results(items: Iterator[Item]) -> Iterator[Item]:
    """Rows as a table has them: those of a page lie in its buckets."""
    for item in items:
        if isinstance(item, Skipped) or "results" not in item.cells:
            yield item
            continue
        span = {name: item.cells.get(name) for name in ("starttime", "endtime")}
        found = item.cells["results"]
        if not found:
            yield Skipped(item.line, EMPTY, malformed=False)
        for result in found if isinstance(found, list) else ():
            inner = {folded(name): value for name, value in result.items()}
            yield Row(item.line, inner | span)


class _Report:
    """How the rows of one file are understood."""

    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._alike: Counter[str] = Counter()
        self._start = 0

    def draft(self, cells: Cells) -> Draft:
        start, end = self._source.us(cells, "start_time"), self._source.us(cells, "end_time")
        counted = self._source.whole
        tokens = self._tokens(cells)
        requests = counted(cells, "num_model_requests")
        if not any(tokens):
            raise Passed(OTHERS if requests else EMPTY)
        model = text(cells, "model")
        if not model:
            raise Bad(UNGROUPED)
        if end <= start:
            raise Bad("it ends before it starts")
        if any(counted(cells, name) for name in _SOUND):
            self._tally.notes[usage.UNPRICED] += 1
        batch = text(cells, "batch").casefold() in ("true", "1")
        return Draft(
            id=self._identity(cells, start),
            at_us=start,
            model=model,
            provider="openai",
            surface="" if counted(cells, "output_tokens") else "embeddings",
            key=text(cells, "apikeyname", "apikeyid"),
            project=text(cells, "projectname", "projectid"),
            calls=requests,
            span_us=end - start,
            rank=(requests, sum(tokens), 0),
            **vendors.terms("batch" if batch else text(cells, "servicetier")),
            **tokens._asdict(),
        )

    def _tokens(self, cells: Cells) -> Tokens:
        counted = self._source.whole
        half_day = counted(cells, "input_cache_write_tokens_12h")
        writes = counted(cells, "input_cache_write_tokens") or (
            counted(cells, "input_cache_write_tokens_30m") + half_day
        )
        tokens = Tokens(
            cache_read=counted(cells, "input_cached_tokens"),
            cache_write_30m=max(0, writes - half_day),
            cache_write_12h=half_day,
            output=counted(cells, "output_tokens"),
        )
        told = Told(counted(cells, "input_tokens"))
        return usage.disjoint(told, tokens, holds=True)[0]

    def _identity(self, cells: Cells, start: int) -> str:
        if start != self._start:
            self._start = start
            self._alike.clear()
        parts = "\n".join(text(cells, name) for name in _SELF)
        self._alike[parts] += 1
        parts += f"\n{self._alike[parts]}"
        return f"{NAME}:{blake2b(parts.encode(), digest_size=12).hexdigest()}"


IMPORTER = Importer(
    name=NAME,
    about="OpenAI's usage: completions_usage CSVs, or pages of /v1/organization/usage",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv", ".json", ".jsonl"),
    grows=False,
    reported=reported,
)
