"""One settlement per call: whose token counts stand, what they cost, and who is told."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import Prices
from headgate.engine.journal import Journal
from headgate.engine.meter import Meters
from headgate.engine.settle import Ended, Settlement
from headgate.engine.tally import Tally, TryNote
from headgate.ledger.record import Entry
from headgate.ledger.writer import Writer
from headgate.money.catalog import Catalog
from headgate.money.pricing import Rates
from headgate.policy.router import Target
from headgate.providers import Provider
from headgate.wire.model import Ending, Fault, Kind, Terms, Usage
from tests.engine.players import call_of, tally_of
from tests.kit import Field, chat, message, response

CATALOG = Catalog.load(Prices().rules)
HOUSE = Provider(
    "anthropic", "anthropic", "http://127.0.0.1:9", {}, "anthropic", prices="anthropic"
)
MODEL = "claude-haiku-5-5"


class Pen:
    """As much of a Writer as a settlement uses."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Entry]] = []

    def put(self, handle: int, entry: Entry) -> None:
        self.rows.append((handle, entry))


class Log:
    """As much of a Journal."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def call(self, facts: dict[str, Any]) -> None:
        self.lines.append(facts)

    def say(self, event: str, **facts: Any) -> None:
        self.lines.append({"event": event, **facts})


class Desk:
    """A settlement whose papers can be read."""

    def __init__(self) -> None:
        self.pen, self.log, self.meters = Pen(), Log(), Meters()
        self.settlement = Settlement(
            CATALOG, cast(Writer, self.pen), cast(Journal, self.log), self.meters
        )

    def settle(self, tally: Tally, provider: Provider | None = HOUSE) -> Entry:
        async def once() -> None:
            self.settlement.settle(Ended(tally, provider, 101.5, None))
            self.settlement.flush()

        asyncio.run(once())
        return self.pen.rows[-1][1]


def ended(ending: Ending, model: str = MODEL, system: str = "") -> Tally:
    tally = tally_of(call_of({"model": model, "system": system}))
    tally.target = Target("anthropic", model)
    tally.ending, tally.status, tally.handle = ending, 200, 7
    tally.notes = [TryNote("anthropic", model, 10, 200, "", False, "req_1")]
    return tally


COUNTS = st.integers(1, 10**6)  # a count of nothing at all is no count
USAGES = st.builds(Usage, *[COUNTS] * 7)


@given(USAGES)
def test_a_count_of_the_providers_is_never_replaced_and_lines_add_up(usage: Usage) -> None:
    desk, tally = Desk(), ended(Ending.COMPLETE)
    tally.reading.count(usage)
    row = desk.settle(tally)
    assert row.usage_from == "provider"
    for name in ("input_fresh", "cache_read", "cache_write_5m", "cache_write_1h", "output"):
        assert getattr(row, name) == getattr(usage, name)
    lines = (row.input_nusd, row.cache_read_nusd, row.cache_write_nusd, row.output_nusd)
    assert row.cost_nusd == sum(lines) + row.search_nusd
    assert row.price_version
    assert row.took_us == 1_500_000


def test_a_broken_stream_costs_what_was_served_by_estimate() -> None:
    desk, tally = Desk(), ended(Ending.TRUNCATED, system="x" * 400)
    tally.reading.hear("y" * 400)
    row = desk.settle(tally)
    assert row.usage_from == "estimate"
    assert row.output == 100
    assert 100 <= row.input_fresh <= 130
    assert row.cost_nusd > 0


def test_the_providers_input_stands_beside_an_estimated_output() -> None:
    desk, tally = Desk(), ended(Ending.CLIENT_GONE)
    tally.reading.count(Usage(input_fresh=7, cache_read=9, output=1))
    tally.reading.hear("y" * 4000)
    row = desk.settle(tally)
    assert (row.input_fresh, row.cache_read, row.usage_from) == (7, 9, "estimate")
    assert row.output == 1000


def test_a_larger_count_of_the_providers_beats_the_estimate() -> None:
    desk, tally = Desk(), ended(Ending.CLIENT_GONE)
    tally.reading.count(Usage(input_fresh=7, output=50))
    tally.reading.hear("y" * 40)
    row = desk.settle(tally)
    assert (row.output, row.usage_from) == (50, "provider")


def test_what_delivered_nothing_costs_nothing() -> None:
    for ending in (Ending.ERROR, Ending.CLIENT_GONE, Ending.IDLE):
        row = Desk().settle(ended(ending))
        assert (row.usage_from, row.cost_nusd, row.price_version) == ("none", 0, "")


def test_a_canned_answer_costs_nothing_and_counts_as_canned() -> None:
    desk, tally = Desk(), ended(Ending.COMPLETE)
    tally.canned = True
    tally.reading.hear("Sorry.")
    row = desk.settle(tally)
    assert (row.canned, row.cost_nusd, row.usage_from) == (1, 0, "none")
    assert desk.meters.of("anthropic", MODEL).canned == 1
    assert desk.log.lines[-1]["canned"] is True


def test_the_estimate_learns_from_replies_that_were_counted() -> None:
    desk = Desk()
    for _ in range(20):
        counted = ended(Ending.COMPLETE)
        counted.reading.model = MODEL
        counted.reading.count(Usage(input_fresh=1, output=1000))
        counted.reading.text_chars = 2000
        desk.settle(counted)
    broken = ended(Ending.TRUNCATED)
    broken.reading.model = MODEL
    broken.reading.hear("y" * 2000)
    assert desk.settle(broken).output == pytest.approx(1000, rel=0.05)


def test_an_unknown_model_is_priced_at_the_ceiling_and_says_so() -> None:
    tally = ended(Ending.COMPLETE, model="claude-of-2031")
    tally.reading.count(Usage(input_fresh=1_000_000, output=1_000_000))
    row = Desk().settle(tally)
    assert row.priced_by == "ceiling"
    assert row.warnings == "price_unknown"
    assert row.cost_nusd == 90 * 10**9


def test_batch_terms_halve_the_cost() -> None:
    costs = []
    for terms in (Terms(), Terms(tier="batch")):
        tally = ended(Ending.COMPLETE)
        tally.reading.count(Usage(input_fresh=1000, output=1000))
        tally.reading.terms = terms
        costs.append(Desk().settle(tally).cost_nusd)
    assert costs[0] == 2 * costs[1] > 0


def test_a_call_that_met_no_provider_is_settled_too() -> None:
    desk, tally = Desk(), tally_of()
    tally.ending, tally.fault = Ending.ERROR, Fault(Kind.NOT_FOUND, "no such model")
    row = desk.settle(tally, None)
    assert (row.provider, row.tries, row.fault) == ("", 0, "not_found")
    assert desk.log.lines[-1]["message"] == "no such model"


def test_the_upstreams_own_words_are_not_kept() -> None:
    desk, tally = Desk(), ended(Ending.ERROR)
    tally.fault = Fault(
        Kind.UPSTREAM, "secret prompt text", detail="500 api_error", quoted=True
    )
    row = desk.settle(tally)
    assert "secret" not in str(desk.log.lines) + str(row)
    assert desk.log.lines[-1]["detail"] == "500 api_error"


def test_retries_fallbacks_and_faults_are_counted_where_they_happened() -> None:
    desk, tally = Desk(), ended(Ending.COMPLETE)
    tally.notes = [
        TryNote("anthropic", "a", 1, 529, "overloaded", False, ""),
        TryNote("anthropic", "a", 1, 529, "overloaded", False, ""),
        TryNote("openai", "b", 1, 0, "timeout", True, ""),
        TryNote("anthropic", MODEL, 1, 200, "", False, ""),
    ]
    row = desk.settle(tally)
    of = desk.meters.of
    assert of("anthropic", "a").faults == {"overloaded": 2}
    assert (of("anthropic", "a").retries, of("anthropic", "a").fallbacks) == (1, 0)
    assert (of("openai", "b").retries, of("openai", "b").fallbacks) == (0, 1)
    assert of("anthropic", MODEL).fallbacks == 1
    assert of("anthropic", MODEL).calls == {"complete": 1}
    assert (row.tries, row.maybe_billed) == (4, 1)
    assert desk.log.lines[-1]["maybe_billed"] == 1


def test_one_calls_defect_is_not_anothers_loss() -> None:
    desk = Desk()
    bad, good = ended(Ending.COMPLETE), ended(Ending.COMPLETE)
    bad.reading = cast(Any, None)
    good.handle = 8

    async def both() -> None:
        desk.settlement.settle(Ended(bad, HOUSE, 101.0, None))
        desk.settlement.settle(Ended(good, HOUSE, 101.0, None))
        await asyncio.sleep(0.02)  # nobody flushes: it happens by itself

    asyncio.run(both())
    assert [handle for handle, _ in desk.pen.rows] == [7, 8]
    assert desk.log.lines[0]["event"] == "bug"
    barest = desk.pen.rows[0][1]
    assert (barest.id, barest.status, barest.ending) == ("call-1", 200, "complete")
    assert (barest.model_sent, barest.tries, barest.cost_nusd) == (MODEL, 1, 0)
    assert barest.warnings == "not_priced"
    assert all(type(value) in (int, str) or value is None for value in barest)


@pytest.mark.parametrize("broken", ["rates", "unpriced", "cost"])
def test_a_row_that_cannot_be_priced_is_written_with_its_tokens_and_says_so(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Catalog if broken == "rates" else Rates, broken, fail)
    desk, tally = Desk(), ended(Ending.COMPLETE)
    tally.reading.count(Usage(input_fresh=7, cache_read=9, output=3))
    tally.reading.terms = Terms(tier="batch")
    row = desk.settle(tally)
    assert (row.input_fresh, row.cache_read, row.output) == (7, 9, 3)
    assert (row.usage_from, row.cost_nusd, row.priced_by) == ("provider", 0, "")
    assert "not_priced" in row.warnings.split(",")
    assert [line["event"] for line in desk.log.lines] == ["bug", "call"]
    assert "planted" in str(desk.log.lines[0]["error"])
    assert desk.log.lines[1]["warnings"] == row.warnings
    assert desk.meters.of("anthropic", MODEL).calls == {"complete": 1}


def test_a_defect_after_the_row_was_written_does_not_write_it_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("planted")

    desk, tally = Desk(), ended(Ending.COMPLETE)
    monkeypatch.setattr(Meters, "of", fail)
    desk.settle(tally)
    assert len(desk.pen.rows) == 1
    assert desk.log.lines[-1]["event"] == "bug"


# ---- through the whole gateway


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_the_rows_tokens_are_the_ones_the_caller_was_shown(
    street: Field, path: str, stream: bool
) -> None:
    anthropic = "messages" in path
    usage = "input:777,read:55,output:21" + (",write5m:5,write1h:3" if anthropic else "")
    body = message() if anthropic else chat() if "chat" in path else response()
    if "chat" in path and stream:
        body["stream_options"] = {"include_usage": True}
    asked = {"x-headgate-sim": f"usage={usage}", "x-request-id": f"u-{stream}-{path[4:]}"}
    asked["x-request-id"] = asked["x-request-id"].replace("/", "-")
    got = await street.post(path, {**body, "stream": stream}, asked)
    assert got.status == 200
    row = await street.row_of(asked["x-request-id"])
    assert (row["input_fresh"], row["cache_read"], row["output"]) == (777, 55, 21)
    if anthropic:
        assert (row["cache_write_5m"], row["cache_write_1h"]) == (5, 3)
    assert row["usage_from"] == "provider"
    assert row["cost_nusd"] > 0


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_counting_and_embedding_leave_rows_of_their_own(street: Field) -> None:
    await street.post("/v1/messages/count_tokens", message(), {"x-request-id": "counted"})
    row = await street.row_of("counted")
    assert (row["surface"], row["cost_nusd"], row["ending"]) == ("count_tokens", 0, "complete")
    body = {"model": "text-embedding-3-small", "input": "hello there"}
    await street.post("/v1/embeddings", body, {"x-request-id": "embedded"})
    row = await street.row_of("embedded")
    assert (row["surface"], row["output"]) == ("embeddings", 0)
    assert row["input_fresh"] > 0
    assert row["cost_nusd"] > 0
