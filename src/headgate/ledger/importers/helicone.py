"""Reads Helicone's requests, as `npx @helicone/export` writes them: JSONL, JSON or CSV.

Rule 1: `prompt_tokens` is the part that was not cached, and `completion_tokens` what is not
reasoning; where the body of the reply is there, its own usage is believed instead.
Rule 2: what Helicone answered from its cache was not asked of a provider: no tokens.
Rule 3: of bodies the head's fingerprint and counts are kept, and no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.reading import usage, vendors
from headgate.ledger.importers.reading.documents import decoded
from headgate.ledger.importers.reading.heads import Heads
from headgate.ledger.importers.reading.items import Cells, Passed, drafts, labels
from headgate.ledger.importers.reading.plausible import Opened, check_first
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.usage import Tokens, Told
from headgate.ledger.importers.reading.values import Bad

WANTED = Wanted(
    mandatory=("request_created_at", "prompt_tokens", "completion_tokens"),
    times=("request_created_at", "response_created_at"),
    numbers=("cost", "cost_usd", "costUSD", "latency", "delay_ms"),
)
_OWN = "helicone-"
_CANCELLED = "-3"
OWN_CACHE = "Helicone answered it from its cache: no provider was asked"
NO_CALL = "a request that is no call of a model"


def fits(path: Path, head: bytes) -> bool:
    return columns(head) >= {"requestcreatedat", "responsestatus", "prompttokens"}


def read(reading: Reading) -> Iterator[list[Draft]]:
    check_first(reading, _opened, "cost")
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
        asked, replied = _body(cells, "requestbody"), _body(cells, "responsebody")
        model = text(cells, "responsemodel", "model", "modeloverride", "requestmodel")
        model = model or text(replied, "model") or text(asked, "model")
        identity = text(cells, "requestid", "responseid")
        if not identity:
            raise Bad("it has no request_id and no response_id")
        tokens = self._tokens(cells, replied)
        if not model or model == "unknown":
            if any(tokens):
                raise Bad("it has tokens and no model")
            raise Passed(NO_CALL)
        own = _properties(cells)
        vendor = text(cells, "provider").lower()
        return Draft(
            id=identity,
            at_us=self._source.us(cells, "request_created_at"),
            model=vendors.bare(model, vendor),
            model_asked=text(cells, "requestmodel"),
            provider=vendors.vendor(vendor),
            surface=vendors.surface_of_path(text(cells, "requestpath", "targeturl")),
            session=own.get("helicone-session-id", ""),
            agent=own.get("helicone-session-path", ""),
            project=own.get("helicone-session-name", ""),
            tags=_tags(cells, own),
            **self._measured(cells),
            **_ending(cells),
            **self._heads.of(asked)._asdict(),
            **self._paid(cells, tokens),
        )

    def _measured(self, cells: Cells) -> dict[str, Any]:
        took = self._milliseconds(cells, "delay_ms") or self._milliseconds(cells, "latency")
        return {
            "took_us": took,
            "ttft_us": self._milliseconds(cells, "time_to_first_token"),
        }

    def _milliseconds(self, cells: Cells, name: str) -> int:
        return self._source.nusd(cells, name, 1_000) or 0

    def _paid(self, cells: Cells, tokens: Tokens) -> dict[str, Any]:
        cached = text(cells, "cachereferenceid").strip("0-") or (
            text(cells, "iscached").casefold() == "true"
        )
        if cached:
            self._reading.tally.notes[OWN_CACHE] += 1
            return {"answered_from": "hit", "stated_nusd": 0}
        unit = self._source.unit
        names = ("costUSD", "cost_usd", "cost")
        costs = (self._source.nusd(cells, name, unit) for name in names)
        stated = next((cost for cost in costs if cost is not None), None)
        return {"stated_nusd": stated, **tokens._asdict()}

    def _tokens(self, cells: Cells, replied: Mapping[str, Any]) -> Tokens:
        if found := usage.part(replied, "usage"):
            tokens, told = usage.of_vendor(found, openai="prompt_tokens" in found)
            holds = not usage.excludes_cache(found)
            return usage.disjoint(told, tokens, holds=holds)[0]
        counted = self._source.whole
        reasoning = counted(cells, "reasoning_tokens")
        tokens = usage.written(
            counted(cells, "prompt_cache_write_tokens"), 0, 0, openai=False
        )._replace(
            cache_read=counted(cells, "prompt_cache_read_tokens"),
            output=counted(cells, "completion_tokens") + reasoning,
            reasoning_of_output=reasoning,
        )
        told = Told(counted(cells, "prompt_tokens"))
        tokens, held = usage.disjoint(told, tokens, holds=False)
        if tokens.cached:
            note = usage.HOLDS if held else usage.WITHOUT
            self._reading.tally.notes[note] += 1
        return tokens


def _body(cells: Cells, name: str) -> Cells:
    """A body; the CSVs of some versions double its quotation marks once too often."""
    value = cells.get(name)
    found = decoded(value)
    if not found and isinstance(value, str) and '""' in value:
        found = decoded(value.replace('""', '"'))
    return found


def _properties(cells: Cells) -> dict[str, str]:
    found = _body(cells, "requestproperties") or _body(cells, "properties")
    return {
        name.casefold() if name.casefold().startswith(_OWN) else name: str(value)
        for name, value in found.items()
        if value not in (None, "")
    }


def _tags(cells: Cells, own: Mapping[str, str]) -> str:
    tags = [f"{name}={value}" for name, value in own.items() if not name.startswith(_OWN)]
    if user := text(cells, "requestuserid", "heliconeuser"):
        tags.append(f"user={user}")
    return labels(tags)


def _ending(cells: Cells) -> dict[str, Any]:
    said = text(cells, "responsestatus")
    if said.startswith("-"):  # Helicone's own numbers: there was no answer
        return {"status": 0, "ending": "client_gone" if said == _CANCELLED else "truncated"}
    status = int(said) if said.isdigit() else 200
    if status < 400:
        return {}
    return {"status": status, "fault": vendors.fault(status), "ending": "error"}


IMPORTER = Importer(
    name="helicone",
    about="Helicone's requests, as `npx @helicone/export` writes them",
    fits=fits,
    read=read,
    suffixes=(".csv", ".json", ".jsonl"),
    grows=False,
)
