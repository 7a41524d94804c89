"""Reads Langfuse's observations: exports of its screens and to a bucket, as JSONL, JSON or CSV.

Rule 1: generations and embeddings are calls; spans, events and the like say nothing of one.
Rule 2: the parts of usage are disjoint, as Langfuse keeps them; where the sum beside them shows
that the input holds the cached part, it is taken out.
Rule 3: an export of traces has no calls in it, and is refused with what to export instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading, Refused
from headgate.ledger.importers.reading import usage, vendors
from headgate.ledger.importers.reading.documents import decoded, listed
from headgate.ledger.importers.reading.heads import Heads
from headgate.ledger.importers.reading.items import Cells, Passed, drafts, labels, lasted
from headgate.ledger.importers.reading.plausible import Opened, check_first
from headgate.ledger.importers.reading.sheet import head_of
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.usage import Tokens, Told
from headgate.ledger.importers.reading.values import Bad, nusd, whole

WANTED = Wanted(
    mandatory=("id", "type", "start_time"),
    times=("start_time", "end_time", "completion_start_time"),
    numbers=("total_cost", "latency", "time_to_first_token"),
)
_CALLS = ("GENERATION", "EMBEDDING")
_TRACES = {"id", "timestamp", "sessionid", "bookmarked"}
_NO_MODEL = "a generation that names no model"
_HOUR = ("1h", "3600")


def fits(path: Path, head: bytes) -> bool:
    names = columns(head)
    if names >= _TRACES:
        return True
    return names >= {"id", "type", "starttime", "traceid"} and not names.isdisjoint(
        ("usagedetails", "providedmodelname", "costdetails", "usage", "inputusage")
    )


def read(reading: Reading) -> Iterator[list[Draft]]:
    names = columns(head_of(reading.path))
    if names >= _TRACES and "starttime" not in names:
        raise Refused(
            "it holds traces, which tell of no single call and its model",
            "export observations: the table of that name, or observations_v2/ of the bucket",
        )
    check_first(reading, _opened, "total_cost")
    source, draft = _opened(reading)
    return drafts(reading, source.items, draft)


def _opened(reading: Reading) -> Opened:
    source = Source(reading.path, reading.options, WANTED)
    return source, _Export(reading, source).draft


class _Export:
    """How the rows of one file are understood."""

    def __init__(self, reading: Reading, source: Source) -> None:
        self._reading = reading
        self._source = source
        self._heads = Heads(reading.options.secret)

    def draft(self, cells: Cells) -> Draft:
        kind = text(cells, "type").upper()
        if kind not in _CALLS:
            raise Passed(f"an observation that is no call of a model: {kind.lower()[:20]}")
        model = text(cells, "providedmodelname", "model", "internalmodel")
        tokens = self._tokens(cells)
        if not model:
            if any(tokens):
                raise Bad("it has tokens and no model")
            raise Passed(_NO_MODEL)
        failed = text(cells, "level").upper() == "ERROR"
        ahead = model.partition("/")[0] if "/" in model else ""
        return Draft(
            id=text(cells, "id"),
            model=vendors.bare(model, ahead),
            provider=vendors.vendor(ahead),
            surface="embeddings" if kind == "EMBEDDING" else "",
            stated_nusd=self._cost(cells),
            session=text(cells, "sessionid"),
            agent=text(cells, "name"),
            project=text(cells, "tracename"),
            tags=_tags(cells),
            upstream_id=text(cells, "traceid"),
            status=500 if failed else 200,
            fault=vendors.fault(500 if failed else 200),
            ending="error" if failed else "complete",
            rank=(sum(tokens), 0, 0),
            **tokens._asdict(),
            **(self._head(cells) | self._times(cells)),
        )

    def _times(self, cells: Cells) -> dict[str, Any]:
        at = self._source.us(cells, "start_time")
        end = self._source.us_or_0(cells, "end_time")
        begun = self._source.us_or_0(cells, "completion_start_time")
        took = lasted(self._reading, at, end) if end else self._seconds(cells, "latency")
        first = max(0, begun - at) if begun else self._seconds(cells, "time_to_first_token")
        return {"at_us": at, "took_us": took, "ttft_us": first, "stream": int(first > 0)}

    def _seconds(self, cells: Cells, name: str) -> int:
        return self._source.nusd(cells, name, 10**6) or 0

    def _cost(self, cells: Cells) -> int | None:
        told = decoded(cells.get("costdetails"))
        if told.get("total") is not None:
            return nusd(told["total"], "cost_details", unit=self._source.unit)
        return self._source.nusd(cells, "total_cost", self._source.unit)

    def _tokens(self, cells: Cells) -> Tokens:
        found = decoded(cells.get("usagedetails")) or decoded(cells.get("usage"))
        if not found:
            return Tokens(
                input_fresh=self._source.whole(cells, "input_usage")
                or self._source.whole(cells, "prompt_tokens"),
                output=self._source.whole(cells, "output_usage")
                or self._source.whole(cells, "completion_tokens"),
            )
        tokens, told = parts(found)
        tokens, held = usage.disjoint(told, tokens, holds=False)
        if tokens.cached:
            self._reading.tally.notes[usage.HOLDS if held else usage.WITHOUT] += 1
        return tokens

    def _head(self, cells: Cells) -> dict[str, Any]:
        body = decoded(cells.get("input"))
        turns = listed(cells.get("input"))
        parameters = decoded(cells.get("modelparameters"))
        return self._heads.of(parameters | body, turns)._asdict()


def parts(found: Mapping[str, Any]) -> tuple[Tokens, Told]:
    """From a map of usage, whose keys begin with what they are part of."""
    fresh = read_ = writes = hour = five = output = reasoning = total = 0
    for key, value in found.items():
        name, number = key.casefold(), whole(value, "usage_details")
        if name.startswith("total"):
            total = number
        elif "reasoning" in name:
            reasoning += number
        elif name.startswith(("output", "completion")):
            output += number
        elif "creation" in name or "write" in name:
            if any(mark in name for mark in _HOUR):
                hour += number
            elif "5m" in name or "300" in name:
                five += number
            else:
                writes = max(writes, number)
        elif "cache" in name:
            read_ = max(read_, number)
        elif name.startswith(("input", "prompt")):
            fresh += number
    tokens = usage.written(writes, hour, five, openai=False)._replace(
        cache_read=read_, output=output + reasoning, reasoning_of_output=reasoning
    )
    return tokens, Told(fresh, total)


def _tags(cells: Cells) -> str:
    found = listed(cells.get("tracetags") or cells.get("tags"))
    tags = [tag for tag in found if isinstance(tag, str)]
    for name, label in (("userid", "user"), ("environment", "environment")):
        if value := text(cells, name):
            tags.append(f"{label}={value}")
    return labels(tags)


IMPORTER = Importer(
    name="langfuse",
    about="Langfuse's observations, exported as JSONL, JSON or CSV",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv", ".json", ".jsonl"),
    grows=False,
)
