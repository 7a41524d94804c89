"""The same calls on another model: priced one by one, as they would have been billed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.audit.otherwise import Change, Outcome, cached, replay
from headgate.money.tokens import ratio
from headgate.wire.model import Terms, Usage
from tests.audit.ledgers import DAY_US, MONDAY_US, catalog, evidence_of

TOKENS = st.integers(0, 300_000)
MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-4-5")
NAMES = ("input_fresh", "cache_read", "cache_write_5m", "cache_write_1h", "output")
ROW = st.fixed_dictionaries(
    {
        "at_us": st.integers(MONDAY_US - 40 * DAY_US, MONDAY_US + 3 * DAY_US),
        "model_sent": st.sampled_from(MODELS),
        "input_fresh": TOKENS,
        "cache_read": TOKENS,
        "cache_write_5m": TOKENS,
        "cache_write_1h": TOKENS,
        "output": TOKENS,
        "tier": st.sampled_from(["", "batch"]),
        "key_id": st.sampled_from(["a", "b"]),
    }
)


def replayed(
    rows: Sequence[Mapping[str, Any]], change: Change, by: str = "all"
) -> list[Outcome]:
    with evidence_of(rows) as evidence:
        return replay(evidence, change, by)


@settings(max_examples=20, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8))
def test_without_a_change_every_call_costs_what_it_did_cost(rows: list[dict[str, Any]]) -> None:
    for it in replayed(rows, Change(), "key"):
        assert abs(it.would_nusd - it.was_nusd) <= 3 * it.calls  # each class was rounded alone


def by_hand(row: dict[str, Any], model: str) -> int | None:
    """What the price list says; None: a part of a token decides, or it does not fit."""
    scale = ratio(model, row["model_sent"])
    usage = Usage(**{name: int(row[name] * scale) for name in NAMES})
    rates = catalog().rates("", model, datetime.fromtimestamp(row["at_us"] / 1e6, UTC))
    terms = Terms(row["tier"], "", "")
    held = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
    minimum = rates.cache_minimum or 0
    edges = {band.above for band in rates.table(terms).bands} | {rates.context_window or -1}
    whole = (usage.input_total, usage.input_total + usage.output)
    if scale != 1 and any(abs(it - edge) < 6 for it in whole for edge in (*edges, minimum)):
        return None
    if sum(float(row[name] * scale) for name in NAMES) > (rates.context_window or 10**9):
        return None
    if held < minimum and model != row["model_sent"]:
        usage = Usage(input_fresh=usage.input_total, output=usage.output)
    return rates.cost(usage, terms).total_nusd


@settings(max_examples=20, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6), st.sampled_from(MODELS))
def test_on_one_model_it_is_what_the_price_list_says_call_by_call(
    rows: list[dict[str, Any]], model: str
) -> None:
    expected = [by_hand(row, model) for row in rows]
    sure = [row for row, nusd in zip(rows, expected, strict=True) if nusd is not None]
    if not sure:
        return
    (found,) = replayed(sure, Change(model=model))
    would = sum(nusd for nusd in expected if nusd is not None)
    assert abs(found.would_nusd - would) <= len(sure) * 60_000  # parts of tokens, five each


def test_a_cliff_is_met_by_each_prompt_and_not_by_their_mean() -> None:
    rows = [{"input_fresh": 90_000}, {"input_fresh": 110_000}]
    (found,) = replayed(rows, Change(model="claude-haiku-5-5"))
    assert found.would_nusd == 90_000 * 100 + 110_000 * 500


def test_a_call_that_does_not_fit_is_counted_as_it_was() -> None:
    row = {"model_sent": "claude-sonnet-5-5", "input_fresh": 400_000}
    (found,) = replayed([row], Change(model="claude-haiku-4-5"))
    assert (found.unfit, found.saved_nusd) == (1, 0)


def test_a_day_told_as_one_sum_is_neither_a_long_prompt_nor_one_that_does_not_fit() -> None:
    day = {
        "model_sent": "claude-haiku-4-5",
        "input_fresh": 3_000_000,
        "output": 400_000,
        "span_us": DAY_US,
    }
    (unknown,) = replayed([day | {"calls": 0}], Change(model="claude-haiku-5-5"))
    assert (unknown.unfit, unknown.sums) == (0, 1)
    assert unknown.would_nusd == round((3_000_000 * 100 + 400_000 * 500) * 1.3)
    (mean,) = replayed([day | {"calls": 20}], Change(model="claude-haiku-5-5"))
    assert (mean.unfit, mean.sums) == (0, 0)
    assert mean.would_nusd == 5 * unknown.would_nusd  # 195,000 tokens each
    (batched,) = replayed([day | {"calls": 0}], Change(batch=True))
    assert batched.would_nusd * 2 == batched.was_nusd


def test_an_answer_that_no_provider_was_asked_for_costs_what_it_did() -> None:
    row = {"input_fresh": 1_000, "answered_from": "hit", "cost_nusd": 0}
    (found,) = replayed([row], Change(model="claude-opus-5-5"))
    assert (found.was_nusd, found.would_nusd, found.unfit) == (0, 0, 0)


def test_embeddings_are_no_work_for_another_model() -> None:
    row = {"provider": "openai", "model_sent": "text-embedding-3-small", "input_fresh": 9_000}
    row |= {"surface": "embeddings"}
    (found,) = replayed([row], Change(model="claude-opus-5-5"))
    assert (found.unfit, found.saved_nusd) == (1, 0)
    assert replayed([row], Change(model="text-embedding-3-small"))[0].unfit == 0


def test_a_prompt_too_short_for_the_other_cache_is_read_anew() -> None:
    row = {"model_sent": "claude-opus-5-5", "cache_read": 1_000}
    (found,) = replayed([row], Change(model="claude-haiku-4-5"))
    assert found.would_nusd == round(1_000 / 1.3 * 1_000)


def test_a_batch_halves_the_price_and_reads_little_from_caches() -> None:
    (plain,) = replayed([{"input_fresh": 1000, "output": 1000}], Change(batch=True))
    assert plain.would_nusd * 2 == plain.was_nusd
    (cached,) = replayed([{"cache_read": 100_000}], Change(batch=True))
    assert cached.would_nusd > cached.was_nusd


def test_caching_saves_what_repeats_and_nothing_of_what_does_not() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * 60_000_000,
            "key_id": key,
            "head": 7 if key == "again" else n + 1,
            "head_bytes": 90_000,
            "request_bytes": 100_000,
            "chain": [7 if key == "again" else n + 1],
            "cover": [90_000],
            "input_fresh": 25_000,
        }
        for n in range(200)
        for key in ("again", "once")
    ]
    with evidence_of(rows) as evidence:
        found = {it.name: it for it in cached(evidence, "key")}
    assert found["again"].saved_nusd > 0.6 * found["again"].was_nusd
    assert found["once"].saved_nusd == 0


def test_what_has_a_cost_and_no_tokens_costs_the_same_on_any_model() -> None:
    row = {"at_us": MONDAY_US, "priced_by": "stated", "search_nusd": 51, "cost_nusd": 51}
    (it,) = replayed([row], Change(model="claude-haiku-5-5"))
    assert (it.was_nusd, it.would_nusd) == (51, 51)
