"""Reads LiteLLM's LiteLLM_SpendLogs: as CSV, as JSON, or as /spend/logs answers.

Rule 1: `prompt_tokens` holds the cached tokens, for Anthropic's models too: LiteLLM adds them
to what Anthropic tells. Where less is told than was cached, as by versions before that, and in
usage as Anthropic itself writes it, it is the fresh part alone.
Rule 2: what LiteLLM answered from a cache of its own was not asked of a provider: no tokens.
Rule 3: prompts are stored only if LiteLLM was told to; then their head leaves a fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.reading import usage, vendors
from headgate.ledger.importers.reading.documents import decoded, listed
from headgate.ledger.importers.reading.heads import Heads
from headgate.ledger.importers.reading.items import Cells, drafts, labels, lasted
from headgate.ledger.importers.reading.plausible import Opened, check_first
from headgate.ledger.importers.reading.source import Source, Wanted, columns, text
from headgate.ledger.importers.reading.values import Bad

WANTED = Wanted(
    mandatory=("request_id", "startTime", "model", "spend", "prompt_tokens"),
    times=("startTime", "endTime", "completionStartTime"),
    numbers=("spend", "prompt_tokens", "completion_tokens", "total_tokens"),
)
_TELLING = {"requestid", "calltype", "spend", "starttime"}
_AGENT = "User-Agent: "
OWN_CACHE = "LiteLLM answered it from its own cache: no provider was asked"


def fits(path: Path, head: bytes) -> bool:
    return columns(head) >= _TELLING


def read(reading: Reading) -> Iterator[list[Draft]]:
    check_first(reading, _opened, "spend")
    source, draft = _opened(reading)
    return drafts(reading, source.items, draft)


def _opened(reading: Reading) -> Opened:
    source = Source(reading.path, reading.options, WANTED)
    return source, _Log(reading, source).draft


class _Log:
    """How the rows of one file are understood."""

    def __init__(self, reading: Reading, source: Source) -> None:
        self._reading = reading
        self._source = source
        self._heads = Heads(reading.options.secret)

    def draft(self, cells: Cells) -> Draft:
        request = text(cells, "requestid")
        if not request:
            raise Bad("it has no request_id")
        about = decoded(cells.get("metadata"))
        named = _vendor(cells)
        body = decoded(cells.get("proxyserverrequest"))
        fields = {
            "id": request,
            "stated_nusd": self._source.nusd(cells, "spend", self._source.unit),
            "session": text(cells, "sessionid"),
            "key": text(about, "user_api_key_alias") or text(cells, "apikey"),
            "team": text(about, "user_api_key_team_alias") or text(cells, "teamid"),
            **named,
            **self._times(cells),
            **_ending(cells, about),
            **_tags(cells),
            **self._tokens(cells, about, named),
        }
        turns = listed(cells.get("messages"))
        if body or turns:
            fields |= self._heads.of(body, turns)._asdict()
        return Draft(**fields)

    def _times(self, cells: Cells) -> dict[str, int]:
        at = self._source.us(cells, "startTime")
        end = self._source.us_or_0(cells, "endTime")
        begun = self._source.us_or_0(cells, "completionStartTime")
        took = lasted(self._reading, at, end) if end else 0
        first = begun - at if at < begun <= end else 0
        return {"at_us": at, "took_us": took, "ttft_us": first}

    def _tokens(self, cells: Cells, about: Cells, named: dict[str, str]) -> dict[str, Any]:
        notes, counted = self._reading.tally.notes, self._source.whole
        if text(cells, "cachehit").casefold() == "true":
            notes[OWN_CACHE] += 1
            return {"answered_from": "hit", "stated_nusd": 0}
        found = (
            usage.part(about, "usage_object")
            or usage.part(about, "additional_usage_values")
            or decoded(cells.get("usage"))
        )
        tokens, told = usage.of_vendor(found, openai=named["provider"] in ("openai", "azure"))
        output = counted(cells, "completion_tokens") or tokens.output
        told = told._replace(input=counted(cells, "prompt_tokens") or told.input, total=0)
        holds = not usage.excludes_cache(found)
        tokens, held = usage.disjoint(told, tokens._replace(output=output), holds=holds)
        if tokens.cached:
            notes[usage.HOLDS if held else usage.WITHOUT] += 1
        if usage.sounds(found):
            notes[usage.UNPRICED] += 1
        tier = "batch" if "batch" in named["surface"] else found.get("service_tier")
        terms = vendors.terms(tier, found.get("speed"), found.get("inference_geo"))
        return {**tokens._asdict(), **terms}


def _vendor(cells: Cells) -> dict[str, str]:
    model, named = text(cells, "model"), text(cells, "customllmprovider")
    if not model:
        raise Bad("it has no model")
    return _named(model, named, text(cells, "modelgroup"), text(cells, "calltype"))


@lru_cache(maxsize=vendors.KEPT)
def _named(model: str, vendor: str, group: str, call: str) -> dict[str, str]:
    return {
        "model": vendors.bare(model, vendor),
        "model_asked": group,
        "provider": vendors.vendor(vendor or model.partition("/")[0]),
        "surface": vendors.surface(call),
    }


def _ending(cells: Cells, about: Cells) -> dict[str, Any]:
    if (text(cells, "status") or text(about, "status")) != "failure":
        return {}
    code = str(usage.part(about, "error_information").get("error_code"))
    status = int(code) if code.isdigit() and 400 <= int(code) < 600 else 500
    return {"status": status, "fault": vendors.fault(status), "ending": "error"}


def _tags(cells: Cells) -> dict[str, str]:
    """LiteLLM puts the caller's user agent among the tags."""
    raw = cells.get("requesttags")
    told = _listed(raw) if type(raw) is str else listed(raw)
    found = [tag for tag in told if type(tag) is str]
    agents = [tag.removeprefix(_AGENT) for tag in found if tag.startswith(_AGENT)]
    tags = [tag for tag in found if not tag.startswith(_AGENT)]
    if user := text(cells, "enduser"):
        tags.append(f"user={user}")
    return {"tags": labels(tags), "client": max(agents, key=len, default="")}


@lru_cache(maxsize=vendors.KEPT)
def _listed(text: str) -> list[Any]:
    return listed(text)


IMPORTER = Importer(
    name="litellm",
    about="LiteLLM's spend logs: LiteLLM_SpendLogs as CSV or JSON, answers of /spend/logs",
    fits=fits,
    read=read,
    suffixes=(".csv", ".tsv", ".json", ".jsonl", ".ndjson"),
    grows=False,
)
