"""Rows of a book that nobody called for: 90 days of sessions, as a busy house would have them.

Rule 1: the same count gives the same rows: all chance is the hash of a number.
Rule 2: what makes questions dear is as it is in life: a few heads carry most calls, sessions
        grow, keys and models repeat, times are dense within a session.
"""

from __future__ import annotations

from pathlib import Path

from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import Duck

DAYS, FIRST_DAY = 90, 20_300
"""the first of them, in days since 1970"""
TURNS = 50
"""of a session, on average"""
DAY_US = 86_400_000_000
SEGMENT_ROWS, GROUP_ROWS = 131_072, 65_536

# name, provider, share, nano-dollars for a token: input, read, written, output
_MODELS = (
    ("claude-sonnet-5-5", "anthropic", 30, 3_000, 300, 3_750, 15_000),
    ("claude-opus-5-5", "anthropic", 12, 5_000, 500, 6_250, 25_000),
    ("claude-haiku-5-5", "anthropic", 14, 1_000, 100, 1_250, 5_000),
    ("gpt-5.6-terra", "openai", 12, 2_000, 200, 2_000, 12_000),
    ("gpt-5.6-luna", "openai", 8, 400, 40, 400, 2_400),
    ("gpt-5.6-sol", "openai", 6, 10_000, 1_000, 10_000, 60_000),
    ("gemini-3-pro", "gemini", 6, 2_000, 200, 2_000, 12_000),
    ("gemini-3-flash", "gemini", 4, 300, 30, 300, 2_500),
    ("deepseek-v4", "deepseek", 3, 280, 28, 280, 420),
    ("mistral-large-4", "mistral", 2, 2_000, 2_000, 2_000, 6_000),
    ("llama-5-70b", "groq", 2, 590, 590, 590, 790),
    ("kimi-k3", "together", 1, 600, 150, 600, 2_500),
)


def _u(seed: str, salt: int) -> str:
    return f"(hash(({seed}) * 64 + {salt}) / 18446744073709551616.0)"


def _sessions(day: int, count: int) -> str:
    """What is the same for all calls of a session."""
    at = "s"
    return f"""
      SELECT s, 1 + floor(-ln(1 - {_u(at, 1)}) * {TURNS - 0.5})::BIGINT AS turns,
        {_u(at, 2)} AS which, floor(40 * power({_u(at, 3)}, 2))::BIGINT AS k,
        (1 + floor(power(5000, {_u(at, 4)})))::BIGINT AS h,
        floor({_u(at, 5)} * 64800e6)::BIGINT AS start_us,
        4e6 + power({_u(at, 6)}, 4) * 900e6 AS pace_us,
        hash(s, 7) AS id
      FROM range({day * count}, {(day + 1) * count}) AS numbers(s)"""  # noqa: S608 - numbers


def _pick(of: int) -> str:
    total = sum(model[2] for model in _MODELS)
    reached, whens = 0, []
    for model in _MODELS:
        reached += model[2]
        value = model[of] if isinstance(model[of], int) else f"'{model[of]}'"
        whens.append(f"WHEN which <= {reached / total} THEN {value}")
    return f"CASE {' '.join(whens)} END"


def _calls(day: int, count: int) -> str:
    """One row for each call, with what others are made of."""
    seed = "s * 4096 + t"
    return f"""
      SELECT *, {_pick(0)} AS model, {_pick(1)} AS vendor,
        {_pick(3)} AS p_in, {_pick(4)} AS p_read, {_pick(5)} AS p_write, {_pick(6)} AS p_out,
        {(FIRST_DAY + day) * DAY_US} + (start_us + (t * pace_us)::BIGINT
          + ({_u(seed, 1)} * 3e6)::BIGINT) % {DAY_US} AS at_us,
        2000 + (h % 19) * 900 AS head_tokens,
        ({_u(seed, 2)} * 500)::BIGINT + 60 AS fresh,
        {_u(seed, 3)} < 0.82 AND t > 0 AS warm,
        20 + (-ln(1 - {_u(seed, 4)}) * 350)::BIGINT AS out_tokens,
        {_u(seed, 5)} AS luck, {_u(seed, 6)} AS slow
      FROM (SELECT s.*, unnest(range(least(turns, 4000))) AS t
            FROM ({_sessions(day, count)}) AS s)"""  # noqa: S608 - texts of ours


def _columns() -> dict[str, str]:
    tokens = "(head_tokens + t * 420)"
    return {
        "id": "printf('req-%d-%d', s, t)",
        "seq": "s * 4096 + t",
        "at_us": "at_us",
        "took_us": "((300 + out_tokens * (4 + slow * 12)) * 1000)::BIGINT",
        "ttft_us": "((200 + slow * slow * 2600) * 1000)::BIGINT",
        "surface": "CASE vendor WHEN 'anthropic' THEN 'messages' ELSE 'chat' END",
        "key_id": "printf('k_%02d', k)",
        "session": "printf('%016x-%08x', id, s)",
        "tags": "printf('feature=f%d', k % 7)",
        "client": "'claude-cli/3.1'",
        "model_asked": "model",
        "route": "model",
        "provider": "vendor",
        "credential": "'house'",
        "model_sent": "model",
        "model_served": "model",
        "status": "CASE WHEN luck < 0.01 THEN 529 ELSE 200 END",
        "fault": "CASE WHEN luck < 0.01 THEN 'overloaded' ELSE '' END",
        "ending": "CASE WHEN luck < 0.01 THEN 'error' WHEN luck < 0.015"
        " THEN 'truncated' ELSE 'complete' END",
        "stream": "1",
        "tries": "CASE WHEN luck < 0.03 THEN 2 ELSE 1 END",
        "maybe_billed": "(luck < 0.004)::BIGINT",
        "input_fresh": f"CASE WHEN warm OR t = 0 THEN fresh ELSE fresh + {tokens} END",
        "cache_read": f"CASE WHEN warm THEN {tokens} ELSE 0 END",
        "cache_write_5m": f"CASE WHEN warm THEN 420 WHEN t = 0 THEN {tokens} ELSE 0 END",
        "output": "out_tokens",
        "usage_from": "'provider'",
        "request_bytes": f"{tokens} * 4",
        "reply_bytes": "out_tokens * 4",
        "tools_offered": "(h % 9) * 2",
        "tools_called": "CASE WHEN h % 9 = 0 THEN 0 ELSE (luck * 3)::BIGINT END",
        "tools_used": "CASE WHEN h % 9 = 0 OR luck * 3 < 0.5 THEN ''"
        " ELSE printf('Tool%d:1', s % 11) END",
        "team": "printf('team%d', k % 6)",
        "organisation": "'house'",
        "cost_centre": "printf('cc%d', k % 4)",
        "price_version": "'bench'",
        "priced_by": "CASE WHEN vendor = 'together' THEN 'ceiling' ELSE 'catalog' END",
        "opening": "'tools,system'",
        "project": "printf('project%d', k % 12)",
        "head": "hash(h, 11)",
        "head_bytes": "head_tokens * 4",
        "chain": "[hash(h, 10), hash(h, 11)] || list_transform("
        "range(greatest(t - 3, 0), t + 1), lambda i: hash(s, 100 + i))",
        "cover": f"list_transform(range(least(t, 3) + 3), lambda i: ({tokens} * 4)::UINTEGER)",
    }


_MONEY = {
    "input_nusd": "input_fresh * p_in",
    "cache_read_nusd": "cache_read * p_read",
    "cache_write_nusd": "cache_write_5m * p_write",
    "output_nusd": "output * p_out",
    "uncached_nusd": "(input_fresh + cache_read + cache_write_5m) * p_in",
    "cost_nusd": "input_nusd + cache_read_nusd + cache_write_nusd + output_nusd",
}


def day_of_rows(day: int, sessions: int) -> str:
    """SELECT of all rows of a day, with all columns of the book."""
    known = _columns()
    plain = ", ".join(f"{text} AS {name}" for name, text in known.items())
    money = ", ".join(f"{text} AS {name}" for name, text in _MONEY.items())
    prices = "p_in, p_read, p_write, p_out"
    made = {**known, **_MONEY}
    every = ", ".join(
        f"CAST({it.name if it.name in made else it.default} AS {it.kind}) AS {it.name}"
        for it in BOOK
    )
    return (
        f"SELECT {every} FROM (SELECT *, {money} FROM"  # noqa: S608 - texts of ours
        f" (SELECT {plain}, {prices} FROM ({_calls(day, sessions)})))"
    )


def lay_rows(duck: Duck, folder: Path, rows: int) -> list[Path]:
    """About so many rows, as segments of at most SEGMENT_ROWS each."""
    files = []
    sessions = max(1, round(rows / TURNS / DAYS))
    for day in range(DAYS):
        duck.execute(f"CREATE OR REPLACE TABLE day_rows AS {day_of_rows(day, sessions)}")
        ((there,),) = duck.execute("SELECT count(*) FROM day_rows").fetchall()
        parts = -(-int(there) // SEGMENT_ROWS)
        size = -(-int(there) // parts)
        for part in range(parts):
            path = folder / f"seg-{day:03d}-{part}.parquet"
            duck.execute(
                "COPY (SELECT * FROM day_rows ORDER BY at_us, seq"  # noqa: S608 - the same
                f" LIMIT {size} OFFSET {part * size}) TO '{path}'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS})"
            ).fetchall()
            files.append(path)
    duck.execute("DROP TABLE day_rows")
    return files
