"""A plain row of the ledger and a plain intent, to be varied by the tests."""

from __future__ import annotations

from typing import Any

from headgate.ledger.mend import ENTRY
from headgate.ledger.record import Entry, Intent

INTENT = Intent(
    id="req-1",
    at_us=1_763_720_000_000_000,
    key_id="k_1",
    surface="messages",
    model_asked="claude-sonnet-5-5",
    provider="anthropic",
    model_sent="claude-sonnet-5-5",
    input_estimate=21_000,
    max_output=4_096,
)

_EMPTY: dict[str, Any] = {
    name: None if column.optional else column.kind() for name, column in ENTRY.items()
}


def entry(**values: Any) -> Entry:
    """A row of an ordinary streamed call, with these values in it."""
    usual: dict[str, Any] = {
        "id": "req-1",
        "at_us": 1_763_720_000_000_000,
        "took_us": 1_234_567,
        "ttft_us": 345_678,
        "surface": "messages",
        "key_id": "k_1",
        "model_asked": "claude-sonnet-5-5",
        "provider": "anthropic",
        "model_sent": "claude-sonnet-5-5",
        "model_served": "claude-sonnet-5-5-20261001",
        "status": 200,
        "ending": "complete",
        "stream": 1,
        "tries": 1,
        "input_fresh": 1_200,
        "cache_read": 20_000,
        "output": 700,
        "cost_nusd": 20_100_000,
    }
    return Entry(**{**_EMPTY, **usual, **values})
