"""Each call meets its ladder in the order it asks for: the real gateway, and the simulator."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from headgate.engine.chooser import Chooser, Way
from headgate.sim.app import Options
from headgate.sim.scenario import read
from tests.kit import Field, Got, chat, message, response, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

OPUS, HAIKU = "anthropic:claude-opus-5-5", "anthropic:claude-haiku-5-5"
SOL, LUNA, GPT_4O = "openai:gpt-6.1-sol", "openai:gpt-6-luna", "openai:gpt-4o"
ROUTES = f"""
[retry]
waits_s = [0.02]
[routing.tags.nightly]
prefer = "cost"
[routing.tags.urgent]
prefer = "quality"
[models]
pair = ["{OPUS}", "{HAIKU}"]
alone = "{OPUS}"
[models.fixed]
hints = false
ladder = ["{OPUS}", "{HAIKU}"]
[models.cheap]
policy = "cheapest"
ladder = ["{OPUS}", "{GPT_4O}"]
[models.scored]
policy = "best"
ladder = [{{ target = "{HAIKU}", quality = 3 }}, {{ target = "{OPUS}", quality = 9 }}]
[models.shared]
policy = "weighted"
ladder = [{{ target = "{OPUS}", weight = 1 }}, {{ target = "{HAIKU}", weight = 3 }}]
[models.quick]
policy = "fastest"
ladder = ["{OPUS}", "{HAIKU}"]
[models.seeing]
policy = "cheapest"
ladder = ["{HAIKU}", "{OPUS}"]
[models.across]
ladder = ["{OPUS}", "{LUNA}"]
[capabilities."anthropic:claude-haiku-5-5"]
images = false
"""
COST = {"x-headgate-prefer": "cost"}
AS_WRITTEN = {"x-headgate-prefer": "quality"}
"""where no score is known"""


def talk(number: int, **more: Any) -> dict[str, str]:
    return {"x-session-id": f"talk-{number}", **more}


def went(got: Got) -> str:
    assert got.status == 200, got.body
    return got.headers["x-headgate-target"]


async def ask(field: Field, model: str, headers: dict[str, str] | None = None) -> Got:
    return await field.post("/v1/messages", message(model), headers)


async def test_without_a_policy_or_a_hint_the_ladder_is_met_as_written() -> None:
    async with running(ROUTES) as field:
        for model in ("pair", "alone"):
            got = await ask(field, model)
            assert went(got) == OPUS
            assert "x-headgate-route" not in got.headers
        assert {row["chosen_by"] for row in await field.rows(2)} == {""}
        assert not field.opened.house.ground.settlement.memory.wanted


async def test_a_header_asks_for_another_order_and_row_and_reply_say_why() -> None:
    async with running(ROUTES) as field:
        got = await ask(field, "pair", COST)
        assert went(got) == HAIKU
        told = got.headers["x-headgate-route"]
        assert told.startswith("cheapest by header: $0.00003")
        row = await field.row()
        assert row["chosen_by"] == told
        assert row["model_sent"] == "claude-haiku-5-5"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", message("across")),
        ("/v1/chat/completions", chat("across")),
        ("/v1/responses", response("across")),
    ],
)
async def test_a_hint_works_in_every_dialect_and_across_vendors(
    path: str, body: dict[str, object], stream: bool
) -> None:
    async with running(ROUTES) as field:
        got = await field.post(path, {**body, "stream": stream}, COST)
        assert went(got) == LUNA
        assert got.headers["x-headgate-route"].startswith("cheapest by header: $")
        row = await field.row()
        assert row["model_sent"] == "gpt-6-luna"
        assert row["chosen_by"].startswith("cheapest by header: $")


async def test_the_header_wins_over_a_tag_and_a_tag_over_the_route() -> None:
    async with running(ROUTES) as field:
        asked = {
            "cheapest by tag nightly": {"x-headgate-tags": "nightly,other"},
            "best by tag urgent": {"x-headgate-tags": "urgent"},
            "cheapest by header": {"x-headgate-tags": "urgent", **COST},
            "best": {"x-headgate-tags": "other"},
        }
        for expected, headers in asked.items():
            got = await ask(field, "scored", headers)
            by, _, _ = got.headers["x-headgate-route"].partition(":")
            assert by == expected
            assert went(got) == (HAIKU if "cheapest" in expected else OPUS)


async def test_a_route_that_takes_no_hints_stays_as_written() -> None:
    async with running(ROUTES) as field:
        got = await ask(field, "fixed", {**COST, "x-headgate-tags": "nightly"})
        assert went(got) == OPUS
        assert "x-headgate-route" not in got.headers


@pytest.mark.parametrize("model", ["pair", "alone", "fixed"])
@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("x-headgate-prefer", "fast", "takes cost, speed or quality"),
        ("x-headgate-deadline-ms", "2s", "takes a whole number of milliseconds"),
    ],
)
async def test_a_hint_nobody_knows_is_a_400_that_names_it_and_nothing_is_sent(
    model: str, name: str, value: str, takes: str
) -> None:
    async with running(ROUTES) as field:
        got = await ask(field, model, {name: value})
        assert got.status == 400
        assert got.json["error"]["type"] == "invalid_request_error"
        assert got.json["error"]["message"].startswith(f"{name}: ")
        assert takes in got.json["error"]["message"]
        assert not field.sim.calls
        assert (await field.row())["fault"] == "invalid"


async def test_hints_never_reach_a_provider() -> None:
    async with running(ROUTES) as field:
        await ask(field, "pair", {**COST, "x-headgate-deadline-ms": "9000"})
        names = {name.lower() for name, _ in field.sim.calls[0].headers}
        assert not {name for name in names if name.startswith(b"x-headgate-")}


async def test_a_share_of_conversations_goes_to_each_and_a_conversation_stays() -> None:
    async with running(ROUTES) as field:
        first = [went(await ask(field, "shared", talk(number))) for number in range(60)]
        again = [went(await ask(field, "shared", talk(number))) for number in range(60)]
        assert again == first
        assert 3 <= Counter(first)[OPUS] <= 27, "a quarter of 60, give or take three sigma"


def long(model: str, tokens: int, *more: str) -> dict[str, object]:
    """A conversation with a marked prefix of about so many tokens."""
    mark = {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": "word " * int(tokens * 0.65), **mark}]
    turns: list[dict[str, object]] = [{"role": "user", "content": "hi"}]
    for text in more:
        turns += [
            {"role": "assistant", "content": "yes"},
            {"role": "user", "content": text},
        ]
    return {"model": model, "max_tokens": 64, "system": system, "messages": turns}


async def test_a_warm_conversation_stays_though_a_cold_one_goes_to_the_cheaper_model() -> None:
    async with running(ROUTES) as field:
        for number, headers in ((1, AS_WRITTEN), (2, {})):
            got = await field.post(
                "/v1/messages", long("cheap", 50_000), talk(number, **headers)
            )
            assert went(got) == (OPUS if number == 1 else GPT_4O)
        got = await field.post("/v1/messages", long("cheap", 50_000, "and?"), talk(1))
        assert went(got) == OPUS
        assert " warm, next $" in got.headers["x-headgate-route"]
        rows = await field.rows(3)
        assert rows[0]["cache_write_5m"] > 10_000
        assert rows[2]["cache_read"] > 10_000
        got = await field.post("/v1/messages", long("cheap", 50_000, "and?"), talk(3))
        assert went(got) == GPT_4O


async def test_what_a_warm_conversation_was_told_to_cost_is_what_it_costs() -> None:
    """The price that decided, beside the ledger's, once the answer's length is known."""
    async with running(ROUTES) as field:
        await field.post("/v1/messages", long("cheap", 50_000), talk(1, **AS_WRITTEN))
        got = await field.post("/v1/messages", long("cheap", 50_000, "and?"), talk(1))
        told = float(got.headers["x-headgate-route"].split("$")[1].split()[0])
        row = (await field.rows(2))[1]
        assert told == pytest.approx(row["cost_nusd"] / 1e9, rel=0.1)


async def test_a_tool_loop_is_not_torn_apart() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a cat"}
    loop = message(
        "pair",
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
    )
    async with running(ROUTES) as field:
        assert went(await ask(field, "pair", talk(1, **AS_WRITTEN))) == OPUS
        got = await field.post("/v1/messages", loop, {**talk(1), **COST})
        assert went(got) == OPUS
        assert got.headers["x-headgate-route"] == "cheapest by header: stays in a tool loop"
        got = await field.post("/v1/messages", loop, {**talk(2), **COST})
        assert went(got) == HAIKU


async def test_a_target_that_sees_no_images_comes_last_for_a_call_with_one() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    picture = [{"type": "image", "source": source}, {"type": "text", "text": "hi"}]
    async with running(ROUTES) as field:
        assert went(await ask(field, "seeing")) == HAIKU
        body = message("seeing", messages=[{"role": "user", "content": picture}])
        got = await field.post("/v1/messages", body)
        assert went(got) == OPUS
        assert got.headers["x-headgate-route"] == "cheapest: the next does not take images"


async def test_the_rest_of_the_ladder_is_climbed_in_the_order_that_was_chosen() -> None:
    failing = read('[[step]]\nmodel = "claude-haiku*"\ndo = "529"\n')
    async with running(ROUTES, options=Options(scenario=failing)) as field:
        got = await ask(field, "pair", COST)
        assert went(got) == OPUS
        assert got.headers["x-headgate-tries"] == "2"
        row = await field.row()
        assert row["chosen_by"].startswith("cheapest by header: $")
        assert row["model_sent"] == "claude-opus-5-5"


async def test_a_target_without_headroom_or_that_cools_comes_last() -> None:
    limited = read('[[step]]\nmodel = "claude-haiku*"\ndo = "429;retry-after=30"\n')
    async with running(ROUTES, options=Options(scenario=limited)) as field:
        first = await ask(field, "pair", COST)
        assert (went(first), first.headers["x-headgate-tries"]) == (OPUS, "2")
        again = await ask(field, "pair", COST)
        assert went(again) == OPUS
        assert "x-headgate-tries" not in again.headers
        told = again.headers["x-headgate-route"]
        assert told == "cheapest by header: the next cools or has no headroom now"


SLOW_OPUS = '[[step]]\nmodel = "claude-opus*"\ndo = "first-delay=0.4"\n'


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_measured_slow_comes_last_for_a_deadline_and_behind_for_speed(
    stream: bool,
) -> None:
    async with running(ROUTES, options=Options(scenario=read(SLOW_OPUS))) as field:
        body = message("pair", stream=stream)
        deadline = {"x-headgate-deadline-ms": "300"}
        for number in range(3):
            got = await field.post("/v1/messages", body, {**talk(number), **deadline})
            assert went(got) == OPUS, "nothing is known of its time yet"
            assert "x-headgate-route" not in got.headers
        got = await field.post("/v1/messages", body, {**talk(8), **deadline})
        assert went(got) == HAIKU
        assert "takes 0.4" in got.headers["x-headgate-route"]
        assert got.headers["x-headgate-route"].endswith("s of the 0.3 s it may")
        for number in range(20, 23):
            await field.post("/v1/messages", body, {**talk(number), **deadline})
        told = []
        for number in range(30, 40):
            prefer = talk(number, **{"x-headgate-prefer": "speed"})
            got = await field.post("/v1/messages", body, prefer)
            told.append((went(got), got.headers["x-headgate-route"]))
        fastest = [where for where, why in told if "measuring" not in why]
        assert set(fastest) == {HAIKU}
        assert len(fastest) >= 5


async def test_a_hint_is_heard_by_calls_at_once_as_by_calls_in_turn() -> None:
    async with running(ROUTES) as field:
        asked = [ask(field, "pair", COST if n % 2 else None) for n in range(20)]
        found = [went(got) for got in await asyncio.gather(*asked)]
        assert found == [OPUS, HAIKU] * 10


async def test_what_was_learned_outlives_a_reload() -> None:
    async with running(ROUTES) as field:
        headers = talk(1, **AS_WRITTEN)
        await field.post("/v1/messages", long("cheap", 50_000), headers)
        house = field.opened.house
        house.take_up(house.engine.config, house.ground.settlement.catalog)
        got = await field.post("/v1/messages", long("cheap", 50_000, "and?"), talk(1))
        assert went(got) == OPUS
        assert " warm, " in got.headers["x-headgate-route"]


async def test_the_plain_path_gives_the_very_way_it_was_given() -> None:
    async with running(ROUTES) as field:
        await ask(field, "pair")
        engine = field.opened.house.engine
        chooser: Chooser = engine._chooser
        way: Way = next(iter(engine._ways.values()))
        from tests.engine.players import call_of, tally_of

        tally = tally_of(call_of())
        for _ in itertools.repeat(None, 3):
            assert chooser.choose(tally, way) is way
        assert (tally.chosen_by, tally.lesson) == ("", None)
