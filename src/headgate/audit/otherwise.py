"""Reckons what the same calls would have cost otherwise: on another model, in a batch, or with
caching.

Rule 1: every call is priced again by itself, at the prices of its own day and the band of its
own prompt; the same model on the same terms costs what it did cost.
Rule 2: tokens are counted as the other model counts them, where that is known; what a cache
held is held by the other model's cache too, if it takes prompts that short.
Rule 3: a call that does not fit the other model is counted apart, at what it did cost; what no
provider was asked for, or what has a cost and no tokens, costs what it did, too.
Rule 4: a row that stands for many calls has prompts of their mean; where nobody knows how many,
they are taken as short, and such rows are counted.
Rule 5: caching saves what a policy saves that was chosen on one half of the time and judged on
the other, as an audit claims it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.audit.evidence import Evidence
from headgate.audit.holdout import verdicts
from headgate.ledger.book.columns import TOKENS_IN
from headgate.money.pricing import Rates
from headgate.money.tokens import ratio
from headgate.wire.model import Terms

DAY_US = 86_400_000_000
BEYOND = 2**53
BATCH_HITS = 0.30
"""the lower end of what vendors say a batch finds in their caches"""
BY = {
    "all": "''",
    "key": "key_id",
    "route": "route",
    "model": "model_sent",
    "team": "team",
    "project": "project",
}
_COLUMNS = (
    *("day", "of_provider", "of_model", "of_tier", "of_speed", "of_geo", "above", "upto"),
    *(
        "scale",
        "moved",
        "minimum",
        "most",
        "fresh",
        "read",
        "short",
        "long",
        "said",
        "search",
        "per_call",
    ),
)
_TEXT = ("of_provider", "of_model", "of_tier", "of_speed", "of_geo")


@dataclass(frozen=True, slots=True)
class Change:
    """What would have been otherwise."""

    model: str = ""
    """empty: each call's own"""
    provider: str = ""
    """as prices know it; empty: whoever makes the model"""
    batch: bool = False
    """all at the price of a batch, which finds few prompts in a cache"""
    answers: float = 1.0
    """how long the other model's answers are, beside those there were"""


class Outcome(NamedTuple):
    """One group of calls, as it was and as it would have been."""

    name: str
    calls: int
    was_nusd: int
    would_nusd: int
    unfit: int
    """calls that the other model cannot take, counted as they were"""
    sums: int = 0
    """rows of so many calls as nobody knows, their prompts taken as short"""

    @property
    def saved_nusd(self) -> int:
        return self.was_nusd - self.would_nusd


class _Seen(NamedTuple):
    """What calls were made on, on one day."""

    day: int
    provider: str
    model: str
    tier: str
    speed: str
    geo: str


def replay(
    evidence: Evidence, change: Change, by: str = "all", where: str = "TRUE"
) -> list[Outcome]:
    """The calls of the window under the change, in groups, the dearest first; `where`: SQL, of
    some calls only."""
    _lay(evidence, change)
    text = _QUESTION.format(column=BY[by], where=where)
    rows = evidence.book.rows(text, [BATCH_HITS if change.batch else 1])
    return [Outcome(str(row[0]), *map(int, row[1:])) for row in rows]


def cached(evidence: Evidence, by: str = "all") -> list[Outcome]:
    """The calls of the window with marks where they would have paid, in groups."""
    column = BY[by]
    rows = evidence.book.rows(
        f"SELECT {column}, sum(calls)::BIGINT, sum(cost_nusd)::BIGINT FROM book"
        " GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    saved: dict[str, float] = {}
    for verdict in verdicts(evidence):
        if verdict.saving <= 0 or not verdict.is_measured or verdict.whose.is_spoilt:
            continue  # marks alone do not help a prompt that differs each time
        sums = f"SELECT {column}, sum(cost_nusd)::DOUBLE FROM book"
        parts = evidence.book.rows(f"{sums} WHERE {verdict.where} GROUP BY 1")
        whole = sum(cost for _, cost in parts)
        for name, cost in parts:
            share = cost / whole if whole else 0.0
            saved[str(name)] = saved.get(str(name), 0.0) + verdict.saving * share
    return [
        Outcome(str(name), calls, nusd, nusd - round(saved.get(str(name), 0.0)), 0)
        for name, calls, nusd in rows
    ]


_QUESTION = f"""
WITH scaled AS (
  SELECT {{column}} AS name, calls, cost_nusd, web_searches, p.* EXCLUDE (scale), asked,
    surface, greatest(calls, 1) AS n, ({TOKENS_IN}) * scale AS total,
    input_fresh * scale AS anew, cache_read * scale AS kept, output * scale AS written,
    (cache_write_5m + cache_write_30m) * scale AS wrote_short,
    (cache_write_1h + cache_write_12h) * scale AS wrote_long
  FROM (SELECT *, ({TOKENS_IN}) / nullif(calls, 0) AS each,
      usage_from <> 'none' AND answered_from = ''
        AND (priced_by <> 'stated' OR {TOKENS_IN} + output > 0) AS asked
    FROM book WHERE {{where}}) AS book JOIN other_price AS p
    ON p.day = at_us // {DAY_US} AND of_provider = provider AND of_model = model_sent
    AND of_tier = tier AND of_speed = speed AND of_geo = geo
    AND coalesce(each, 0) * scale > above AND coalesce(each, 0) * scale <= upto
), counted AS (
  SELECT *, calls > 0 AND kept + wrote_short + wrote_long < minimum * n AS too_short,
    asked AND (calls > 0 AND most > 0 AND total + written > most * n
      OR moved > 0 AND surface = 'embeddings') AS unfit,
    kept * $1 AS hit, kept * (1 - $1) + wrote_short AS miss
  FROM scaled
), priced AS (
  SELECT name, calls, cost_nusd, unfit, asked,
    CASE WHEN too_short THEN total * fresh
      ELSE anew * fresh + hit * read + miss * short + wrote_long * long END
    + written * said + web_searches * search + n * per_call AS atto
  FROM counted
)
SELECT name, sum(calls)::BIGINT, sum(cost_nusd)::BIGINT,
  sum(CASE WHEN unfit OR NOT asked THEN cost_nusd ELSE round(atto / 1e9)::BIGINT END)::BIGINT,
  coalesce(sum(calls) FILTER (unfit), 0)::BIGINT, count(*) FILTER (calls = 0)::BIGINT
FROM priced GROUP BY name ORDER BY 3 DESC, 1
"""


def _lay(evidence: Evidence, change: Change) -> None:
    """The table `other_price`: what each call's tokens would have cost."""
    seen = evidence.book.rows(
        f"SELECT DISTINCT at_us // {DAY_US}, provider, model_sent, tier, speed, geo FROM book"
    )
    lines = [line for row in seen for line in _priced(evidence, change, _Seen._make(row))]
    kinds = ", ".join(f"{it} {'VARCHAR' if it in _TEXT else 'DOUBLE'}" for it in _COLUMNS)
    duck = evidence.book.duck
    duck.execute(f"CREATE OR REPLACE TEMP TABLE other_price ({kinds})").fetchall()
    lists = ", ".join(
        f"unnest(CAST(${n} AS {'VARCHAR' if it in _TEXT else 'DOUBLE'}[]))"
        for n, it in enumerate(_COLUMNS, 1)
    )
    if lines:
        columns = [list(column) for column in zip(*lines, strict=True)]
        duck.execute(f"INSERT INTO other_price SELECT {lists}", columns).fetchall()


def _priced(evidence: Evidence, change: Change, it: _Seen) -> Iterator[tuple[object, ...]]:
    at = datetime.fromtimestamp((it.day * DAY_US + DAY_US - 1) / 1e6, UTC)
    model = change.model or it.model
    provider = change.provider if change.model else it.provider
    rates = evidence.catalog.rates(provider, model, at)
    tier = "batch" if change.batch else it.tier
    same = not change.model or change.model == it.model
    terms = Terms(tier, it.speed, it.geo) if same else Terms(tier, "", "")
    scale = float(ratio(model, it.model))
    table = rates.table(terms)
    upto = BEYOND
    for band in table.bands:
        fresh, read, w5m, w1h, w30m, w12h, said = band.rates
        claude = "claude" in model.lower()
        short, long = (w5m, w1h) if claude else (w30m, w12h)
        answers = 1.0 if same else change.answers
        yield (
            *(it.day, it.provider, it.model, it.tier, it.speed, it.geo, band.above, upto),
            *(
                scale,
                float(not same),
                _minimum(rates, same=same),
                0 if same else rates.context_window or 0,
            ),
            *(fresh, read, short, long, said * answers, table.search, table.call),
        )
        upto = band.above


def _minimum(rates: Rates, *, same: bool) -> int:
    """The shortest prompt that the other model's cache takes; what its own held, it took."""
    return 0 if same else rates.cache_minimum or 0
