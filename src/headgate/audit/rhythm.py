"""Replays every prompt's cache in SQL: what heads and turns cost by each policy, and what the
cache did as it was used.

Rule 1: heads are read by whoever sends the same one after a pause that is shorter than their
lifetime, once the first answer since then has begun; turns by the next call of the conversation
that still begins alike.
Rule 2: what was read in truth would be read with a longer lifetime too.
Rule 3: where a vendor caches unasked nothing can be chosen, and nothing is replayed.
Rule 4: what is replayed is read from the book once, and kept by what a replay needs of it; of
what does not fit into memory, slices are taken, by what rows have to be beside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from headgate.audit.asked import DAY_US, lay, lay_out
from headgate.audit.evidence import Evidence

SLICE = 6_000_000
"""calls that are kept and sorted at a time; of more, each slice is read from the book anew"""
MOST_TURNS = 2_000_000
"""calls of conversations that are sorted at a time; where calls are too many to be kept, no
more of each slice are replayed: others are taken to be in proportion to their prompts"""
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
    planned: int = 0
    """calls whose marks Headgate set"""
    marked: int = 0
    """calls of models that cache what is marked"""
    talks: int = 0
    """those of them that belong to conversations"""
    talks_plain: float = 0
    """what their turns would have cost uncached; of those replayed: turns_plain"""
    replayed: float = 1
    """the share of talks_plain that was replayed, before the rest was added in proportion"""
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


_LAGS = (1, 4, 32)
"""of these calls before one the answer may have begun, where many run at once"""
_READY = ", ".join(f"lag(ready_us, {n}) OVER heads AS ready_{n}" for n in _LAGS)


def _hit(ttl_us: int) -> str:
    """SQL: is the head in the cache, and readable?"""
    begun = " OR ".join(
        f"(ready_{n} <= at_us AND ready_{n} > at_us - {ttl_us})" for n in _LAGS[1:]
    )
    return f"at_us - before < {ttl_us} AND (ready_1 <= at_us OR {begun})"


_SHORT = "4294967295::UBIGINT"
"""so many bits of a hash are enough to tell four of one conversation apart"""
_ENDS = ", ".join(
    f"({it} & {_SHORT})::UINTEGER AS {it}" for it in ("tail", "end_2", "end_3", "end_4")
)
_MARKED = f"""
SELECT $id unit, head_id, CASE WHEN session = '' THEN 0 ELSE hash(unit, session, agent) END
    AS talk,
  at_us, ready_us, half, least, tokens, head_tokens, got, put, put_1h, plain, paid, put_nusd,
  got_nusd * (least(got, head_tokens) / greatest(1, got))
    + put_nusd * (least(put, greatest(0, head_tokens - got)) / greatest(1, put))
    + plain * (greatest(0, head_tokens - got - put) / tokens) AS head_paid,
  starts_with(cache_plan, 'on ') AS planned,
  {_ENDS}
FROM audit_asked WHERE is_marked
"""
"""the calls that are replayed; no talk: they belong to no conversation"""

_HEADS = f"""
WITH asked AS (
  SELECT unit, head_id, at_us, ready_us, half, plain * (head_tokens / tokens) AS plain,
    head_paid AS paid
  FROM audit_marked WHERE head_tokens > 0 AND head_id % $slices = $slice),
near AS (
  SELECT unit, at_us, half, plain, paid, lag(at_us) OVER heads AS before, {_READY}
  FROM asked WINDOW heads AS (PARTITION BY head_id ORDER BY at_us)),
days AS (
  SELECT unit, at_us // {DAY_US} AS day, half, sum(plain) AS plain,
    sum(paid) AS paid, coalesce(sum(plain) FILTER ({_hit(MINUTES_5)}), 0) AS hit_5m,
    coalesce(sum(plain) FILTER ({_hit(HOUR)}), 0) AS hit_1h
  FROM near GROUP BY ALL)
SELECT unit, half::INTEGER, sum(plain), sum(paid),
  sum(hit_5m * read + (plain - hit_5m) * write_5m),
  sum(hit_1h * read + (plain - hit_1h) * write_1h)
FROM days JOIN audit_unit USING (unit) JOIN audit_price USING (who, day) GROUP BY ALL
"""

_LIFE = f"CASE WHEN was_hour OR put_1h > 0 THEN {HOUR} ELSE {MINUTES_5} END"
_TURNS = f"""
WITH asked AS (
  SELECT $id unit, talk, at_us, ready_us, half, least, tokens, got, put, put_1h, put_nusd,
    tail, end_2, end_3, end_4, tokens - head_tokens AS size, plain / tokens AS price,
    greatest(0, got - head_tokens) AS got_turns, paid - head_paid AS paid
  FROM $marked WHERE talk <> 0 AND $which),
gaps AS (
  SELECT * EXCLUDE (talk, ready_us), at_us - lag(at_us) OVER talks AS gap,
    lag(ready_us) OVER talks AS ready_before, lag(tokens) OVER talks AS tokens_before,
    lag(size) OVER talks AS size_before, lag(got + put) OVER talks AS cached,
    lag(tail) OVER talks AS tail_before, lag(put_1h) OVER talks > 0 AS was_hour,
    lead(at_us) OVER talks - at_us AS next
  FROM asked WINDOW talks AS (PARTITION BY talk ORDER BY at_us)),
judged AS (
  SELECT *,
    CASE WHEN gap IS NULL OR at_us < ready_before THEN FALSE
      WHEN got + put > 0 AND cached > 0 AND gap < {_LIFE} THEN got >= {LOST_SHARE} * cached
      WHEN tail_before IS NOT NULL AND end_2 IS NOT NULL
        THEN tail_before IN (tail, end_2, end_3, end_4)
      ELSE tokens >= {KEPT_SHARE} * tokens_before END AS goes_on,
    gap < {_LIFE} AND cached >= least AND tokens >= {KEPT_SHARE} * cached
      AND got < {LOST_SHARE} * cached AND put > 0 AND at_us >= ready_before AS is_lost,
    gap >= {MINUTES_5} AND gap < {HOUR} AND NOT was_hour AND cached >= least
      AND got < {LOST_SHARE} * cached AND put > 0 AND tokens >= {KEPT_SHARE} * cached
      AS is_cliff
  FROM gaps),
kept AS (
  SELECT $id unit, at_us, half, next, put_1h, size * price AS plain, paid, is_lost, is_cliff,
    CASE WHEN is_lost OR is_cliff THEN greatest(0, least(put, cached) - got) ELSE 0 END
      AS again,
    put_nusd / greatest(1, put) AS put_price, price, tokens < least AS too_short,
    CASE WHEN tokens < least THEN 0 ELSE price * greatest(
      CASE WHEN goes_on AND gap < {HOUR} THEN least(size, size_before) ELSE 0 END,
      got_turns) END AS kept_1h,
    CASE WHEN tokens < least THEN 0 ELSE price * greatest(
      CASE WHEN goes_on AND gap < {MINUTES_5} THEN least(size, size_before) ELSE 0 END,
      CASE WHEN put_1h = 0 AND NOT coalesce(was_hour, FALSE) THEN got_turns ELSE 0 END) END
      AS kept_5m
  FROM judged)
"""
_SUM_TURNS = f"""{_TURNS},
days AS (
  SELECT unit, at_us // {DAY_US} AS day, half, sum(plain) AS plain,
    sum(paid) AS paid, sum(kept_5m) AS kept_5m, sum(kept_1h) AS kept_1h,
    coalesce(sum(plain) FILTER (too_short), 0) AS short,
    count(*) FILTER (is_lost) AS lost, count(*) FILTER (is_cliff) AS cliffs,
    coalesce(sum(again * put_price) FILTER (is_lost), 0) AS lost_put,
    coalesce(sum(again * price) FILTER (is_lost), 0) AS lost_plain,
    coalesce(sum(again * put_price) FILTER (is_cliff), 0) AS cliff_put,
    coalesce(sum(again * price) FILTER (is_cliff), 0) AS cliff_plain,
    coalesce(sum(put_1h) FILTER (next < {MINUTES_5}), 0) AS soon,
    coalesce(sum(put_1h) FILTER (next >= {MINUTES_5} AND next < {HOUR}), 0) AS later,
    coalesce(sum(put_1h) FILTER (coalesce(next, $last - at_us) >= {HOUR}), 0) AS never
  FROM kept GROUP BY ALL)
SELECT unit, half::INTEGER, sum(plain), sum(paid),
  sum(kept_5m * read + (plain - short - kept_5m) * write_5m + short),
  sum(kept_1h * read + (plain - short - kept_1h) * write_1h + short),
  sum(lost), sum(lost_put - lost_plain * read), sum(cliffs),
  sum(cliff_put - cliff_plain * read), sum(soon), sum(later), sum(never)
FROM days JOIN audit_unit USING (unit) JOIN audit_price USING (who, day) GROUP BY ALL
"""

_ALL = """
SELECT unit, half::INTEGER, count(*), sum(tokens), sum(got), sum(put),
  sum(put_1h), sum(plain), sum(paid), count(*) FILTER (planned), count(*),
  count(*) FILTER (talk <> 0),
  coalesce(sum(plain * (1 - head_tokens / tokens)) FILTER (talk <> 0), 0)
FROM audit_marked GROUP BY ALL
UNION ALL
SELECT unit, half::INTEGER, count(*), sum(tokens), sum(got), sum(put),
  sum(put_1h), sum(plain), sum(paid), count(*) FILTER (starts_with(cache_plan, 'on ')),
  0, 0, 0
FROM audit_asked WHERE NOT is_marked GROUP BY ALL
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
    if not ask("SELECT 1 FROM duckdb_tables() WHERE table_name = 'audit_sums'"):
        found = _count(evidence)
        lay(evidence, "audit_sums", [f"{it} DOUBLE" for it in Sums._fields], found.values())
    rows = ask("SELECT * FROM audit_sums ORDER BY unit, half")
    return {(int(row[0]), int(row[1])): _typed(row) for row in rows}


def middle_us(evidence: Evidence, who: int) -> tuple[int, int]:
    """Between which halves of a caller's time policies are chosen and judged, and its end."""
    first, last = evidence.book.one(
        "SELECT first_us, last_us FROM audit_who WHERE who = ?", [who]
    )
    return (int(first) + int(last) + 1) // 2, int(last)


def _count(evidence: Evidence) -> dict[tuple[int, int], Sums]:
    ask = evidence.book.rows
    (last,) = evidence.book.one("SELECT last_us FROM audit_laid")
    (calls,) = evidence.book.one("SELECT coalesce(sum(rows), 0) FROM audit_who WHERE is_marked")
    slices = int(calls) // SLICE + 1
    evidence.say("what caches are asked for")
    kept = "TABLE" if slices == 1 else "VIEW"
    ask(f"CREATE TEMP {kept} audit_marked AS {_with(_MARKED, id='')}")
    found = {(row[0], row[1]): Sums(*row) for row in ask(_ALL)}
    talks = sum(it.talks for it in found.values())
    every = -(-talks // (MOST_TURNS * slices)) * slices if talks > MOST_TURNS else slices
    evidence.say("what caches would have held")
    for number in range(slices):
        for row in ask(_with(_HEADS, slices=slices, slice=number)):
            _add(found, row, _OF_HEADS)
    about: dict[str, int | str] = {
        "id": "",
        "marked": "audit_marked",
        "last": last,
    }
    for number in range(every if slices == 1 else slices):
        for row in ask(_with(_SUM_TURNS, **about, which=f"talk % {every} = {number}")):
            _add(found, row, _OF_TURNS)
    ask(f"DROP {kept} audit_marked")
    return {key: _scaled(it) for key, it in found.items()}


def _scaled(it: Sums) -> Sums:
    """With the conversations that were not replayed, in proportion."""
    if not 0 < it.turns_plain < it.talks_plain:
        return it
    share = it.turns_plain / it.talks_plain
    return it._replace(
        replayed=share, **{name: getattr(it, name) / share for name in _OF_TURNS}
    )


def lost_ids(evidence: Evidence, unit: int) -> list[str]:
    """The calls of a unit that read little of what was cached; none: more than MOST_IDS."""
    text = f"{_TURNS} SELECT id FROM kept WHERE is_lost ORDER BY id LIMIT {MOST_IDS + 1}"
    rows = evidence.book.rows(
        _with(
            text,
            marked=f"({_MARKED} AND unit = {unit})",
            which="TRUE",
            id="id,",
        )
    )
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


_WHOLE = (
    *("unit", "half", "calls", "tokens", "got", "put", "put_1h", "planned", "marked", "talks"),
    *("lost_calls", "cliff_calls", "soon", "later", "never"),
)


def _typed(row: tuple[Any, ...]) -> Sums:
    pairs = zip(Sums._fields, row, strict=True)
    return Sums(*(round(value) if name in _WHOLE else value for name, value in pairs))
