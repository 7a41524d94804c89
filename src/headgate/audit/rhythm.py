"""Replays every prompt's cache in SQL: what heads and turns cost by each policy, and what the
cache did as it was used.

Rule 1: heads are read by whoever sends the same one after a pause that is shorter than their
lifetime, once the first answer since then has begun; turns by the next call of the conversation
that still begins alike.
Rule 2: what was read in truth would be read with a longer lifetime too.
Rule 3: rows are taken in slices that fit into memory, by what they have to be beside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from headgate.audit.asked import lay_out
from headgate.audit.evidence import Evidence

SLICE = 2_500_000
"""rows that are sorted at a time"""
MOST_IDS = 300
MINUTES_5, HOUR = 300_000_000, 3_600_000_000
LOST_SHARE, KEPT_SHARE = 0.5, 0.9
"""less than that share of what was cached read again: it was lost; a prompt that still has that
share of its size is taken to go on"""


class Sums(NamedTuple):
    """What a unit's calls came to in one half of the time, in nano-dollars."""

    unit: int
    half: int
    calls: int = 0
    tokens: int = 0
    got: int = 0
    """tokens read"""
    put: int = 0
    """and written"""
    put_1h: int = 0
    plain: float = 0
    """all of it, uncached"""
    paid: float = 0
    head_plain: float = 0
    head_paid: float = 0
    head_5m: float = 0
    """what the heads would have cost, always marked for five minutes"""
    head_1h: float = 0
    turns_plain: float = 0
    """turns of conversations; those of lone calls are in neither"""
    turns_paid: float = 0
    turns_5m: float = 0
    turns_1h: float = 0
    lost_calls: int = 0
    """read little of what the call before had in the cache, which had not expired"""
    lost_nusd: float = 0
    """what was paid for that beyond reading it"""
    cliff_calls: int = 0
    """wrote again what had expired within an hour"""
    cliff_nusd: float = 0
    soon: int = 0
    """tokens written for an hour, and wanted again within five minutes"""
    later: int = 0
    """and only after five minutes"""
    never: int = 0
    """and not within the hour"""


_HEADS = f"""
WITH asked AS (
  SELECT unit, head_id, at_us, ready_us, at_us >= $middle AS half, read, write_5m, write_1h,
    plain * (head_tokens / tokens) AS plain,
    CASE WHEN got > 0 THEN got_nusd * (least(got, head_tokens) / got) ELSE 0 END
    + CASE WHEN put > 0
      THEN put_nusd * (least(put, greatest(0, head_tokens - got)) / put) ELSE 0 END
    + plain * (greatest(0, head_tokens - got - put) / tokens) AS paid
  FROM audit_asked WHERE head_tokens > 0 AND head_id % $slices = $slice),
gaps AS (
  SELECT *, at_us - lag(at_us) OVER (PARTITION BY head_id ORDER BY at_us) AS gap FROM asked),
runs AS (
  SELECT *,
    last_value(CASE WHEN gap IS NULL OR gap >= {MINUTES_5} THEN ready_us END IGNORE NULLS)
      OVER run AS first_5m,
    last_value(CASE WHEN gap IS NULL OR gap >= {HOUR} THEN ready_us END IGNORE NULLS)
      OVER run AS first_1h
  FROM gaps WINDOW run AS (PARTITION BY head_id ORDER BY at_us
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
SELECT unit, half::INTEGER, sum(plain), sum(paid),
  sum(plain * CASE WHEN gap < {MINUTES_5} AND at_us >= first_5m THEN read ELSE write_5m END),
  sum(plain * CASE WHEN gap < {HOUR} AND at_us >= first_1h THEN read ELSE write_1h END)
FROM runs GROUP BY ALL
"""

_TURNS = f"""
WITH asked AS (
  SELECT id, unit, hash(unit, session, agent) AS talk, at_us, ready_us,
    at_us >= $middle AS half, read, write_5m, write_1h, tokens, got, put, put_1h, put_nusd,
    plain, least, tail, ends,
    tokens - head_tokens AS size, plain / tokens AS price,
    greatest(0, got - head_tokens) AS got_turns,
    paid - CASE WHEN got > 0 THEN got_nusd * (least(got, head_tokens) / got) ELSE 0 END
    - CASE WHEN put > 0
      THEN put_nusd * (least(put, greatest(0, head_tokens - got)) / put) ELSE 0 END
    - plain * (greatest(0, head_tokens - got - put) / tokens) AS paid
  FROM audit_asked WHERE session <> '' AND $which),
gaps AS (
  SELECT *, at_us - lag(at_us) OVER talks AS gap, lag(ready_us) OVER talks AS ready_before,
    lag(tokens) OVER talks AS tokens_before, lag(size) OVER talks AS size_before,
    lag(got + put) OVER talks AS cached, lag(tail) OVER talks AS tail_before,
    lag(put_1h) OVER talks > 0 AS was_hour, lead(at_us) OVER talks - at_us AS next
  FROM asked WINDOW talks AS (PARTITION BY talk ORDER BY at_us, tokens)),
judged AS (
  SELECT *,
    CASE WHEN gap IS NULL OR at_us < ready_before THEN FALSE
      WHEN got + put > 0 AND cached > 0
        AND gap < CASE WHEN was_hour OR put_1h > 0 THEN {HOUR} ELSE {MINUTES_5} END
        THEN got >= {LOST_SHARE} * cached
      WHEN tail_before IS NOT NULL AND tail IS NOT NULL
        THEN tail_before = tail OR list_contains(ends, tail_before)
      ELSE tokens >= {KEPT_SHARE} * tokens_before END AS goes_on,
    gap < CASE WHEN was_hour OR put_1h > 0 THEN {HOUR} ELSE {MINUTES_5} END
      AND cached >= least AND tokens >= {KEPT_SHARE} * cached
      AND got < {LOST_SHARE} * cached AND put > 0 AND at_us >= ready_before AS is_lost,
    gap >= {MINUTES_5} AND gap < {HOUR} AND NOT was_hour AND cached >= least
      AND got < {LOST_SHARE} * cached AND put > 0 AND tokens >= {KEPT_SHARE} * cached
      AS is_cliff
  FROM gaps),
kept AS (
  SELECT *,
    CASE WHEN is_lost OR is_cliff THEN
      greatest(0, (least(put, cached) - got)) * (put_nusd / put - read * price) END AS again,
    CASE WHEN tokens < least THEN 0 ELSE greatest(
      CASE WHEN goes_on AND gap < {HOUR} THEN least(size, size_before) ELSE 0 END,
      got_turns) END AS kept_1h,
    CASE WHEN tokens < least THEN 0 ELSE greatest(
      CASE WHEN goes_on AND gap < {MINUTES_5} THEN least(size, size_before) ELSE 0 END,
      CASE WHEN put_1h = 0 AND NOT coalesce(was_hour, FALSE) THEN got_turns ELSE 0 END) END
      AS kept_5m,
    CASE WHEN tokens < least THEN 1 ELSE write_5m END AS first_5m,
    CASE WHEN tokens < least THEN 1 ELSE write_1h END AS first_1h
  FROM judged)
"""
_SUM_TURNS = f"""{_TURNS}
SELECT unit, half::INTEGER, sum(size * price), sum(paid),
  sum(price * (kept_5m * read + (size - kept_5m) * first_5m)),
  sum(price * (kept_1h * read + (size - kept_1h) * first_1h)),
  count(*) FILTER (is_lost), coalesce(sum(again) FILTER (is_lost), 0),
  count(*) FILTER (is_cliff), coalesce(sum(again) FILTER (is_cliff), 0),
  coalesce(sum(put_1h) FILTER (next < {MINUTES_5}), 0),
  coalesce(sum(put_1h) FILTER (next >= {MINUTES_5} AND next < {HOUR}), 0),
  coalesce(sum(put_1h) FILTER (coalesce(next, $last - at_us) >= {HOUR}), 0)
FROM kept GROUP BY ALL
"""

_ALL = """
SELECT unit, (at_us >= $middle)::INTEGER, count(*), sum(tokens), sum(got), sum(put),
  sum(put_1h), sum(plain), sum(paid) FROM audit_asked GROUP BY ALL
"""
_OF_HEADS = ("head_plain", "head_paid", "head_5m", "head_1h")
_OF_TURNS = (
    *("turns_plain", "turns_paid", "turns_5m", "turns_1h"),
    *("lost_calls", "lost_nusd", "cliff_calls", "cliff_nusd", "soon", "later", "never"),
)


def sums(evidence: Evidence) -> dict[tuple[int, int], Sums]:
    """By unit and half; asked for again, they are not counted again."""
    lay_out(evidence)
    ask = evidence.book.rows
    names = ", ".join(f"{name} DOUBLE" for name in Sums._fields)
    if not ask("SELECT 1 FROM duckdb_tables() WHERE table_name = 'audit_sums'"):
        found = _count(evidence)
        ask(f"CREATE TEMP TABLE audit_sums ({names})")
        if found:
            lists = ", ".join(f"unnest(CAST(? AS DOUBLE[])) AS {it}" for it in Sums._fields)
            columns = [list(column) for column in zip(*found.values(), strict=True)]
            ask(f"INSERT INTO audit_sums SELECT {lists}", columns)
    rows = ask("SELECT * FROM audit_sums ORDER BY unit, half")
    return {(int(row[0]), int(row[1])): _typed(row) for row in rows}


def middle_us(evidence: Evidence) -> tuple[int, int]:
    """Between which halves policies are chosen and judged, and when the last call was."""
    first, last = evidence.book.one(
        "SELECT coalesce(min(at_us), 0), coalesce(max(at_us), 0) FROM audit_asked"
    )
    return (int(first) + int(last) + 1) // 2, int(last)


def _count(evidence: Evidence) -> dict[tuple[int, int], Sums]:
    middle, last = middle_us(evidence)
    ask = evidence.book.rows
    found = {(row[0], row[1]): Sums(*row) for row in ask(_with(_ALL, middle=middle))}
    slices = sum(it.calls for it in found.values()) // SLICE + 1
    for number in range(slices):
        evidence.say(f"what caches would have held, part {number + 1} of {slices}")
        part = {"middle": middle, "slices": slices, "slice": number, "last": last}
        for row in ask(_with(_HEADS, **part)):
            _add(found, row, _OF_HEADS)
        which = f"hash(session) % {slices} = {number}"
        for row in ask(_with(_SUM_TURNS, which=which, **part)):
            _add(found, row, _OF_TURNS)
    return found


def lost_ids(evidence: Evidence, unit: int) -> list[str]:
    """The calls of a unit that read little of what was cached; none: more than MOST_IDS."""
    middle, last = middle_us(evidence)
    text = f"{_TURNS} SELECT id FROM kept WHERE is_lost ORDER BY id LIMIT {MOST_IDS + 1}"
    rows = evidence.book.rows(_with(text, which=f"unit = {unit}", middle=middle, last=last))
    return [str(row[0]) for row in rows] if len(rows) <= MOST_IDS else []


def _with(sql: str, **values: int | str) -> str:
    for name in sorted(values, key=len, reverse=True):
        sql = sql.replace(f"${name}", str(values[name]))
    return sql


def _add(
    found: dict[tuple[int, int], Sums], row: tuple[Any, ...], names: tuple[str, ...]
) -> None:
    whole = found[row[0], row[1]]
    more = {
        name: getattr(whole, name) + float(value or 0)
        for name, value in zip(names, row[2:], strict=True)
    }
    found[row[0], row[1]] = whole._replace(**more)


def _typed(row: tuple[Any, ...]) -> Sums:
    whole = {
        "unit",
        "half",
        "calls",
        "tokens",
        "got",
        "put",
        "put_1h",
        "lost_calls",
        "cliff_calls",
        "soon",
        "later",
        "never",
    }
    pairs = zip(Sums._fields, row, strict=True)
    return Sums(*(int(value) if name in whole else value for name, value in pairs))
