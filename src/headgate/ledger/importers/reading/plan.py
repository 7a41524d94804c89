"""Decides which column of any table is which: by --map, else by plain names.

Rule 1: what is said with --map is believed to the letter; the rest is looked for by its name.
Rule 2: what cannot be told refuses the file, with its columns and an example of --map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.items import folded

FIELDS: dict[str, str] = {
    "ts": "ts timestamp datetime created_at start_time started_at request_time"
    " request_timestamp event_time logged_at timestamp_utc date_utc usage_date created time"
    " date day",
    "model": "model model_name model_id model_version model_used llm_model response_model"
    " slug engine",
    "input": "input_tokens tokens_in tokens_input in_tokens input_token_count n_input_tokens"
    " uncached_input_tokens num_input_tokens input",
    "input_total": "input_total prompt_tokens prompt_token_count total_input_tokens"
    " n_prompt_tokens num_prompt_tokens tokens_prompt native_tokens_prompt",
    "output": "output_tokens completion_tokens tokens_out tokens_output out_tokens"
    " output_token_count completion_token_count n_output_tokens num_output_tokens"
    " tokens_completion native_tokens_completion generated_tokens output",
    "cache_read": "cache_read cache_read_tokens cache_read_input_tokens cached_tokens"
    " cached_input_tokens input_cached_tokens cache_hit_tokens tokens_cached"
    " native_tokens_cached cached_prompt_tokens",
    "cache_write": "cache_write cache_write_tokens cache_creation_tokens cache_write_5m"
    " cache_creation_input_tokens cache_write_5m_tokens cache_write_input_tokens"
    " input_cache_write_tokens",
    "cache_write_1h": "cache_write_1h cache_write_1h_tokens",
    "reasoning": "reasoning_tokens thinking_tokens reasoning_output_tokens"
    " native_tokens_reasoning tokens_reasoning",
    "total": "total_tokens tokens_total token_count",
    "usage": "usage",
    "cost": "cost cost_usd total_cost spend usd price_usd amount_usd cost_in_usd cost_dollars"
    " total_cost_usd usage_cost response_cost",
    "cost_cents": "cost_cents cents cost_in_cents",
    "cost_micros": "cost_micros cost_usd_micros cost_microdollars",
    "id": "id request_id call_id response_id generation_id completion_id message_id uuid",
    "session": "session session_id conversation_id conversation thread_id chat_id",
    "key": "key api_key key_name api_key_name key_alias api_key_id key_id api_key_alias",
    "project": "project project_name project_id feature app application app_name use_case"
    " service service_name",
    "team": "team team_id team_name workspace department",
    "cost_centre": "cost_centre cost_center",
    "agent": "agent agent_name agent_id",
    "user": "user user_id end_user username customer customer_id",
    "tags": "tags tag labels label",
    "provider": "provider vendor custom_llm_provider provider_name",
    "took_ms": "took_ms latency_ms duration_ms response_time_ms elapsed_ms"
    " request_duration_ms generation_time",
    "took_s": "took_s latency_s duration_s latency_seconds duration_seconds elapsed_seconds",
    "ttft_ms": "ttft_ms time_to_first_token_ms first_token_ms",
    "ttft_s": "ttft_s time_to_first_token_s",
    "status": "status status_code http_status response_status http_status_code",
    "surface": "surface endpoint operation call_type path",
    "batch": "batch is_batch",
    "tier": "tier service_tier usage_type",
    "stream": "stream streamed streaming is_stream",
    "max_output": "max_output max_tokens max_output_tokens max_completion_tokens",
    "searches": "web_searches web_search_requests web_search_count",
    "calls": "calls requests num_requests request_count n_requests num_model_requests"
    " call_count",
    "head": "head prompt_hash system_prompt_hash prefix_hash system_hash prompt_fingerprint",
    "client": "client user_agent",
    "batch_id": "batch_id",
}
"""what --map takes, and the plain names of each, the plainest first"""

SAME = {"cost_center": "cost_centre", "time": "ts", "timestamp": "ts", "request_id": "id"}
"""what else may be said with --map"""

NUMBERS = (
    *("input", "input_total", "output", "cache_read", "cache_write", "cache_write_1h"),
    *("reasoning", "total", "cost", "cost_cents", "cost_micros", "took_ms", "took_s"),
    *("ttft_ms", "ttft_s", "calls"),
)
INPUTS = ("input", "input_total")
SPENT = ("input", "input_total", "output", "cost", "cost_cents", "cost_micros", "usage")
"""at least one of them must be there"""


class Plan(NamedTuple):
    """The folded names of the columns that are read, by field."""

    columns: dict[str, str]
    mapped: frozenset[str]
    """the fields that were named with --map"""

    def key(self, field: str) -> str:
        """Empty: there is no such column."""
        return self.columns.get(field, "")


def make(mapping: Sequence[tuple[str, str]], names: Sequence[str]) -> Plan:
    """Refused: a mapping names what is not there, or something that is needed is missing."""
    known = {folded(name): name for name in names}
    columns = _said(mapping, names, known)
    mapped = frozenset(columns)
    taken = set(columns.values())
    for field, plain in FIELDS.items():
        if field in columns or (
            field in ("input", "input_total") and mapped & {"input", "input_total"}
        ):
            continue
        for name in plain.split():
            if folded(name) in known and folded(name) not in taken:
                columns[field] = folded(name)
                taken.add(folded(name))
                break
    if "input" in columns and "input_total" in columns and not mapped:
        del columns["input_total"]  # the other says plainly what it is
    missing = [field for field in ("ts", "model") if field not in columns]
    if not any(field in columns for field in SPENT):
        missing.append("input")
    if missing:
        raise Refused(
            f"nothing tells which column is {' and which '.join(missing)};"
            f" its columns are: {', '.join(names)}",
            f"say it: --map {example(names)}",
        )
    return Plan(columns, mapped)


def plain(names: frozenset[str]) -> bool:
    """Would a table with these columns be understood without --map?"""
    return all(
        any(folded(name) in names for field in fields for name in FIELDS[field].split())
        for fields in (("ts",), ("model",), ("input", "input_total", "output", "usage"))
    )


def _said(
    mapping: Sequence[tuple[str, str]], names: Sequence[str], known: dict[str, str]
) -> dict[str, str]:
    columns = {}
    for said, column in mapping:
        field = SAME.get(said, said)
        if field not in FIELDS:
            raise Refused(
                f"--map {said}={column}: there is no {said}", f"it takes: {', '.join(FIELDS)}"
            )
        if folded(column) not in known:
            raise Refused(
                f"--map {said}={column}: there is no column {column};"
                f" its columns are: {', '.join(names)}",
                "name one of these columns",
            )
        columns[field] = folded(column)
    return columns


def example(names: Sequence[str]) -> str:
    """How --map could be said of these columns: with the likeliest of each."""
    parts = []
    for field, marks in (
        ("ts", ("time", "date", "stamp", "when")),
        ("model", ("model", "engine", "deploy")),
        ("input", ("input", "prompt", "in")),
        ("output", ("output", "compl", "out")),
    ):
        likely = (name for mark in marks for name in names if mark in name.lower())
        parts.append(f"{field}={next(likely, 'COLUMN')}")
    return ",".join(parts)
