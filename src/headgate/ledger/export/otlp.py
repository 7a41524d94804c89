"""The ledger as OpenTelemetry: one span per call, in OTLP's JSON.

Rule 1: names are those of the conventions for generative AI; gen_ai.usage.input_tokens counts
what was read from and written to a cache, which the ledger keeps apart.
Rule 2: a call has the same span whenever it is exported: a backend that gets it twice can tell.
Rule 3: rows come from DuckDB in lots: a ledger of any size fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from headgate import __version__
from headgate.ledger.book.book import Book

LOT = 512
"""spans of one request, and of one line of a file"""

_COLUMNS = (
    *("id", "at_us", "took_us", "ttft_us", "surface", "key_id", "session", "agent", "provider"),
    *("model_asked", "model_sent", "model_served", "upstream_id", "status", "fault", "ending"),
    *("stream", "tries", "input_fresh", "cache_read", "cache_write_5m", "cache_write_1h"),
    *("cache_write_30m", "cache_write_12h", "output", "reasoning_of_output", "cost_nusd"),
    *("max_output", "tier", "team", "cost_centre", "tools_called", "source", "simulated"),
)
_OPERATIONS = {"embeddings": "embeddings", "count_tokens": "count_tokens"}
_SYSTEMS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "azure-openai": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "groq": "groq",
    "mistral": "mistral_ai",
    "deepseek": "deepseek",
    "xai": "x_ai",
}
"""providers as the conventions call them"""
CLIENT, ERROR = 3, 2


def lots(book: Book) -> Iterator[bytes]:
    """Requests of up to LOT spans, each one document of JSON; rows that stand for many calls
    are left out: they are no calls."""
    names = ", ".join(_COLUMNS)
    answer = book.duck.execute(f"SELECT {names} FROM book WHERE span_us = 0")  # noqa: S608 - our own names
    while rows := answer.fetchmany(LOT):
        spans = [span(dict(zip(_COLUMNS, row, strict=True))) for row in rows]
        yield msgspec.json.encode(_request(spans))


def _request(spans: list[dict[str, Any]]) -> dict[str, Any]:
    resource = {"service.name": "headgate", "service.version": __version__}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": {"name": "headgate", "version": __version__}, "spans": spans}
                ],
            }
        ]
    }


def span(row: dict[str, Any]) -> dict[str, Any]:
    """One call."""
    operation = _OPERATIONS.get(row["surface"], "chat")
    name = f"{row['source']} {row['id']}" if row["source"] else row["id"]
    digest = hashlib.blake2b(name.encode(), digest_size=24).hexdigest()
    found: dict[str, Any] = {
        "traceId": digest[:32],
        "spanId": digest[32:],
        "name": f"{operation} {row['model_served'] or row['model_sent']}".strip(),
        "kind": CLIENT,
        "startTimeUnixNano": str(row["at_us"] * 1_000),
        "endTimeUnixNano": str((row["at_us"] + row["took_us"]) * 1_000),
        "attributes": _attributes(_facts(row, operation)),
    }
    if row["fault"] or row["ending"] == "error":
        found["status"] = {"code": ERROR, "message": row["fault"] or row["ending"]}
    if row["ttft_us"]:
        first = {"timeUnixNano": str((row["at_us"] + row["ttft_us"]) * 1_000)}
        found["events"] = [{"name": "gen_ai.first_token", **first}]
    return found


def _facts(row: dict[str, Any], operation: str) -> dict[str, Any]:
    written = sum(row[f"cache_write_{ttl}"] for ttl in ("5m", "1h", "30m", "12h"))
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _SYSTEMS.get(row["provider"], row["provider"]),
        "gen_ai.request.model": row["model_sent"] or row["model_asked"],
        "gen_ai.request.max_tokens": row["max_output"] or None,
        "gen_ai.response.model": row["model_served"],
        "gen_ai.response.id": row["upstream_id"],
        "gen_ai.conversation.id": row["session"],
        "gen_ai.agent.id": row["agent"],
        "gen_ai.usage.input_tokens": row["input_fresh"] + row["cache_read"] + written,
        "gen_ai.usage.output_tokens": row["output"],
        "gen_ai.usage.cache_read.input_tokens": row["cache_read"],
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.reasoning.output_tokens": row["reasoning_of_output"] or None,
        "http.response.status_code": row["status"] or None,
        "error.type": row["fault"],
        "headgate.call.id": row["id"],
        "headgate.cost_nusd": row["cost_nusd"],
        "headgate.ending": row["ending"],
        "headgate.key.id": row["key_id"],
        "headgate.team": row["team"],
        "headgate.cost_centre": row["cost_centre"],
        "headgate.tier": row["tier"],
        "headgate.tries": row["tries"],
        "headgate.stream": bool(row["stream"]),
        "headgate.tools_called": row["tools_called"] or None,
        "headgate.source": row["source"],
        "headgate.simulated": bool(row["simulated"]) or None,
    }


def _attributes(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": _value(value)}
        for key, value in facts.items()
        if value not in (None, "")
    ]


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64 bits are text in protobuf's JSON
    return {"stringValue": str(value)}
