"""What the simulator served, and the reports of usage and costs that both vendors make of it.

Rule 1: a reply is billed when it begins, whatever becomes of its client.
Rule 2: every call is priced by itself, at the list price of its moment; sums come after.
Rule 3: a report needs a key of an administrator, which no call of a model takes.
(usage-cost-api page and OpenAI's usage and costs pages, read 2026-11-20)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from headgate.money.catalog import Catalog, PriceRules
from headgate.sim.checks import Refused
from headgate.wire.model import STANDARD, Terms, Usage

MOST = 100_000
DAY_S = 86_400
ADMIN_KEYS = {"anthropic": "sk-ant-admin", "openai": "sk-admin"}
WIDTHS_S = {"1m": 60, "1h": 3_600, "1d": DAY_S}
MOST_BUCKETS = {"1m": 1_440, "1h": 168, "1d": 31}
FEW_BUCKETS = {"1m": 60, "1h": 24, "1d": 7}


class Served(NamedTuple):
    """What one call is billed by."""

    vendor: str
    minute: int
    """since 1970"""
    model: str
    usage: Usage
    terms: Terms = STANDARD
    surface: str = ""
    """embeddings, else empty"""


class Priced(NamedTuple):
    """Calls of one kind, and what they cost."""

    served: Served
    calls: int
    nusd: tuple[tuple[str, int], ...]
    """(class of tokens, nano-dollars)"""


@dataclass(slots=True)
class Bills:
    """Calls that were served, those alike together; the oldest are forgotten beyond MOST."""

    counts: dict[Served, int] = field(default_factory=dict)
    factor: Decimal = Decimal(1)
    """how many times the list price is charged: a price may change unannounced"""
    _catalog: Catalog | None = None

    def note(self, served: Served) -> None:
        self.counts[served] = self.counts.get(served, 0) + 1
        if len(self.counts) > MOST:
            del self.counts[next(iter(self.counts))]

    def read_prices(self) -> None:
        """Reads files; so before anybody asks for a report."""
        if self._catalog is None:
            self._catalog = Catalog.load(PriceRules())

    def between(self, vendor: str, start: int, end: int) -> Iterator[Priced]:
        for served, calls in self.counts.items():
            if served.vendor == vendor and start <= served.minute * 60 < end:
                yield Priced(served, calls, tuple(self._price(served, calls)))

    def _price(self, served: Served, calls: int) -> Iterator[tuple[str, int]]:
        assert self._catalog is not None, "read_prices comes first"
        at = datetime.fromtimestamp(served.minute * 60, UTC)
        rates = self._catalog.rates(served.vendor, served.model, at)
        whole = rates.cost(served.usage, served.terms)
        table = rates.table(served.terms).rates(served.usage.input_total)
        hour = round(served.usage.cache_write_1h * table[3] / 10**9)
        parts = (
            ("uncached_input_tokens", whole.input_nusd),
            ("cache_read_input_tokens", whole.cache_read_nusd),
            ("cache_creation.ephemeral_1h_input_tokens", hour),
            ("cache_creation.ephemeral_5m_input_tokens", whole.cache_write_nusd - hour),
            ("output_tokens", whole.output_nusd),
            ("web_search", whole.search_nusd),
        )
        for name, nusd in parts:
            if nusd:
                yield name, int(nusd * calls * self.factor)


def check_admin(vendor: str, key: str) -> None:
    if not key.startswith(ADMIN_KEYS[vendor]):
        raise Refused("", 401)


class Asked(NamedTuple):
    """Which buckets are asked for."""

    start: int
    end: int
    width: int
    most: int
    groups: tuple[str, ...]

    def buckets(self) -> list[tuple[int, int]]:
        found = range(self.start, self.end, self.width)[: self.most]
        return [(start, start + self.width) for start in found]

    @property
    def next(self) -> int | None:
        """Where the next page begins."""
        end = self.start + self.width * self.most
        return end if end < self.end else None


def _read(query: str, begin: str, finish: str, now: float, *, only_days: bool) -> Asked:
    """Refused: what the vendor would not take."""
    given = parse_qs(query)
    groups = (*given.get("group_by[]", ()), *given.get("group_by", ()))
    one = {name: values[-1] for name, values in given.items()}
    width = one.get("bucket_width", "1d")
    if width not in WIDTHS_S or (only_days and width != "1d"):
        raise Refused(f"bucket_width: {width} is not supported here")
    most = int(one.get("limit", FEW_BUCKETS[width]))
    if not 1 <= most <= MOST_BUCKETS[width]:
        raise Refused(f"limit: should be between 1 and {MOST_BUCKETS[width]}")
    if begin not in one:
        raise Refused(f"{begin}: Field required")
    seconds = WIDTHS_S[width]
    start = int(one["page"].removeprefix("page_")) if "page" in one else _moment(one[begin])
    end = _moment(one[finish]) if finish in one else int(now) + 1
    start -= start % seconds
    return Asked(start, end, seconds, most, groups)


def _moment(text: str) -> int:
    try:
        return int(text) if text.isdigit() else int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise Refused(f"{text!r} is no moment") from None


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(asked: Asked, data: list[dict[str, Any]]) -> dict[str, Any]:
    more = asked.next
    page = None if more is None else f"page_{more}"
    return {"data": data, "has_more": more is not None, "next_page": page}


def anthropic_usage(bills: Bills, query: str, now: float) -> dict[str, Any]:
    """GET /v1/organizations/usage_report/messages"""
    asked = _read(query, "starting_at", "ending_at", now, only_days=False)

    def results(start: int, end: int) -> list[dict[str, Any]]:
        sums: dict[tuple[str | None, ...], list[int]] = {}
        for it in bills.between("anthropic", start, end):
            usage, terms = it.served.usage, it.served.terms
            names = {
                "model": it.served.model,
                "service_tier": terms.tier or "standard",
                "inference_geo": terms.geo or "not_available",
            }
            place = tuple(names[name] if name in asked.groups else None for name in names)
            _add(sums, place, it.calls, (*usage[:4], usage.output, usage.web_searches))
        return [_anthropic_result(place, found) for place, found in sums.items()]

    return _page(asked, _anthropic_buckets(asked, results))


def _add(
    sums: dict[tuple[str | None, ...], list[int]],
    place: tuple[str | None, ...],
    calls: int,
    numbers: tuple[int, ...],
) -> None:
    known = sums.setdefault(place, [0] * len(numbers))
    for at, number in enumerate(numbers):
        known[at] += number * calls


def _anthropic_buckets(
    asked: Asked, results: Callable[[int, int], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    return [
        {"starting_at": _iso(start), "ending_at": _iso(end), "results": results(start, end)}
        for start, end in asked.buckets()
    ]


def _anthropic_result(place: tuple[str | None, ...], sums: list[int]) -> dict[str, Any]:
    model, tier, geo = place
    fresh, read, write_5m, write_1h, output, searches = sums
    return {
        "uncached_input_tokens": fresh,
        "cache_creation": {
            "ephemeral_5m_input_tokens": write_5m,
            "ephemeral_1h_input_tokens": write_1h,
        },
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": searches},
        "api_key_id": None,
        "workspace_id": None,
        "model": model,
        "service_tier": tier,
        "context_window": None,
        "inference_geo": geo,
    }


def anthropic_costs(bills: Bills, query: str, now: float) -> dict[str, Any]:
    """GET /v1/organizations/cost_report: whole days, without the priority tier."""
    asked = _read(query, "starting_at", "ending_at", now, only_days=True)
    told = "description" in asked.groups

    def results(start: int, end: int) -> list[dict[str, Any]]:
        sums: dict[tuple[str | None, ...], list[int]] = {}
        for it in bills.between("anthropic", start, end):
            if it.served.terms.tier == "priority":
                continue
            for name, nusd in it.nusd:
                tier = it.served.terms.tier or "standard"
                place = (it.served.model, tier, name) if told else (None, None, None)
                _add(sums, place, 1, (nusd,))
        return [_cost_result(place, found[0]) for place, found in sums.items()]

    return _page(asked, _anthropic_buckets(asked, results))


def _cost_result(place: tuple[str | None, ...], nusd: int) -> dict[str, Any]:
    model, tier, name = place
    is_search = name == "web_search"
    return {
        "amount": f"{Decimal(nusd).scaleb(-7):f}",
        "currency": "USD",
        "cost_type": None if name is None else "web_search" if is_search else "tokens",
        "token_type": None if is_search else name,
        "description": None if name is None else f"{model} Usage - {name}",
        "model": model,
        "service_tier": tier,
        "context_window": None,
        "inference_geo": None,
        "workspace_id": None,
    }


def openai_usage(bills: Bills, query: str, now: float, surface: str = "") -> dict[str, Any]:
    """GET /v1/organization/usage/completions, and its sibling of embeddings"""
    asked = _read(query, "start_time", "end_time", now, only_days=False)

    def results(start: int, end: int) -> list[dict[str, Any]]:
        sums: dict[tuple[str | None, ...], list[int]] = {}
        for it in bills.between("openai", start, end):
            if it.served.surface != surface:
                continue
            usage, tier = it.served.usage, it.served.terms.tier
            names = {
                "model": it.served.model,
                "service_tier": tier or "default",
                "batch": str(tier == "batch"),
            }
            place = tuple(names[name] if name in asked.groups else None for name in names)
            tokens = (usage.input_total, usage.cache_read, *usage[2:6], usage.output, 1)
            _add(sums, place, it.calls, tokens)
        return [_openai_result(place, found) for place, found in sums.items()]

    return _openai_page(asked, results)


def openai_embeddings(bills: Bills, query: str, now: float) -> dict[str, Any]:
    return openai_usage(bills, query, now, "embeddings")


def _openai_page(
    asked: Asked, results: Callable[[int, int], list[dict[str, Any]]]
) -> dict[str, Any]:
    data = [
        {
            "object": "bucket",
            "start_time": start,
            "end_time": end,
            "results": results(start, end),
        }
        for start, end in asked.buckets()
    ]
    return {"object": "page", **_page(asked, data)}


def _openai_result(place: tuple[str | None, ...], sums: list[int]) -> dict[str, Any]:
    model, tier, batch = place
    whole, read, write_5m, write_1h, write_30m, write_12h, output, calls = sums
    written = write_5m + write_1h + write_30m + write_12h
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": whole,
        "output_tokens": output,
        "num_model_requests": calls,
        "input_cached_tokens": read,
        "input_uncached_tokens": whole - read - written,
        "input_cache_write_tokens": written,
        "input_cache_write_30m_tokens": write_30m,
        "input_cache_write_12h_tokens": write_12h,
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "model": model,
        "batch": None if batch is None else batch == "True",
        "service_tier": tier,
    }


_OPENAI_LINES = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cached input",
    "cache_creation.ephemeral_5m_input_tokens": "cache write",
    "cache_creation.ephemeral_1h_input_tokens": "cache write",
    "output_tokens": "output",
    "web_search": "web search",
}


def openai_costs(bills: Bills, query: str, now: float) -> dict[str, Any]:
    """GET /v1/organization/costs: whole days"""
    asked = _read(query, "start_time", "end_time", now, only_days=True)

    def results(start: int, end: int) -> list[dict[str, Any]]:
        sums: dict[tuple[str | None, ...], list[int]] = {}
        for it in bills.between("openai", start, end):
            for name, nusd in it.nusd:
                item = f"{it.served.model}, {_OPENAI_LINES[name]}"
                _add(sums, (item if "line_item" in asked.groups else None,), 1, (nusd,))
        return [
            {
                "object": "organization.costs.result",
                "amount": {"value": nusd / 1e9, "currency": "usd"},
                "line_item": place[0],
                "project_id": None,
            }
            for place, (nusd,) in sums.items()
        ]

    return _openai_page(asked, results)
