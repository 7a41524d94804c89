"""Replies that are given again: byte for byte, in either form, and only where they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from headgate import config as configuration
from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from tests.kit import ENV, HASTE, PROVIDERS, Field, Got, chat, message, response, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

KEEPS = '[cache]\nreply = "deterministic"\n' + HASTE
KEEPS_ALL = '[cache]\nreply = "all"\n' + HASTE
SURFACES = [
    ("/v1/messages", message(temperature=0)),
    ("/v1/chat/completions", chat(temperature=0)),
    ("/v1/responses", response(temperature=0, store=False)),
]
SLOW = Scenario(always={"first_delay": 0.6, "events": 20, "pace": 0.03})


def text_of(got: Got) -> str:
    """What an answer says, whichever way it is said."""
    if got.headers["content-type"].startswith("application/json"):
        return str(_text(got.json))
    said = []
    for event in got.events:
        delta = event.get("delta")
        if isinstance(delta, dict):
            said.append(delta.get("text", ""))
        elif isinstance(delta, str):
            said.append(delta)
        elif event.get("choices"):
            said.append(event["choices"][0]["delta"].get("content") or "")
    return "".join(said)


def _text(answer: Any) -> str:
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    if "output" in answer:
        return str(answer["output"][-1]["content"][0]["text"])
    return str(answer["content"][-1]["text"])


async def twice(
    field: Field, path: str, body: object, again: object, headers: Mapping[str, str] = {}
) -> tuple[Got, Got]:
    first = await field.post(path, body)
    return first, await field.post(path, again, headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), SURFACES)
async def test_a_reply_is_given_again_byte_for_byte_and_costs_nothing(
    path: str, body: dict[str, object], stream: bool
) -> None:
    asked = {**body, "stream": stream}
    async with running(KEEPS) as field:
        first, second = await twice(field, path, asked, dict(reversed(asked.items())))
        assert field.sim.total_calls == 1
        assert (second.status, second.body) == (200, first.body)
        assert second.headers["x-headgate-cache"].startswith("hit; age=")
        assert second.headers["x-request-id"] != first.headers["x-request-id"]
        one, two = await field.rows(2)
    assert (one["answered_from"], two["answered_from"]) == ("", "hit")
    assert two["cost_nusd"] == 0
    assert two["saved_nusd"] == one["cost_nusd"] > 0
    assert two["ending"] == "complete"


@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize(("path", "body"), SURFACES)
async def test_a_stream_answers_a_whole_call_and_the_other_way_round(
    path: str, body: dict[str, object], first_streams: bool
) -> None:
    if first_streams and path == "/v1/chat/completions":  # else it does not tell its tokens
        body = {**body, "stream_options": {"include_usage": True}}
    async with running(KEEPS) as field:
        first, second = await twice(
            field,
            path,
            {**body, "stream": first_streams},
            {**body, "stream": not first_streams},
        )
        assert field.sim.total_calls == 1
    assert text_of(second) == text_of(first) != ""


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5},
        {"max_tokens": 65},
        {"system": "Be brief."},
        {"stop_sequences": ["x"]},
        {"model": "claude-sonnet-4-6"},
        {"messages": [{"role": "user", "content": "hi!"}]},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_another_question_is_asked_anew(change: dict[str, object]) -> None:
    async with running(KEEPS_ALL) as field:
        body = message(temperature=0)
        await twice(field, "/v1/messages", body, {**body, **change})
        assert field.sim.total_calls == 2


@pytest.mark.parametrize(
    ("toml", "body"),
    [
        (HASTE, message(temperature=0)),
        (KEEPS, message()),
        (KEEPS, message(temperature=1)),
        (
            KEEPS,
            message(temperature=0, tools=[{"name": "t", "input_schema": {"type": "object"}}]),
        ),
    ],
    ids=["off-by-default", "no-temperature", "warm", "tools"],
)
async def test_what_may_differ_is_asked_anew(toml: str, body: dict[str, object]) -> None:
    async with running(toml) as field:
        await twice(field, "/v1/messages", body, body)
        assert field.sim.total_calls == 2


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("anthropic-beta", "one-2026-01-01", "two-2026-01-01"),
        ("cache-control", "no-store", "max-age=60"),
    ],
)
async def test_a_field_that_comes_in_two_lines_counts_whole(
    name: str, first: str, last: str
) -> None:
    async with running(KEEPS_ALL) as field:
        await field.post("/v1/messages", message(), {name: last})
        again = await field.post(
            "/v1/messages", message(), {name: f"{first}\r\n{name}: {last}"}
        )
        assert again.status == 200
        assert field.sim.total_calls == 2


async def test_a_caller_may_refuse_kept_replies_and_ask_for_fresh_ones() -> None:
    body = message(temperature=0)
    async with running(KEEPS) as field:
        await twice(field, "/v1/messages", body, body, {"cache-control": "no-cache"})
        assert field.sim.total_calls == 2
        await field.post("/v1/messages", body, {"cache-control": "no-store"})
        assert field.sim.total_calls == 3
        await field.post("/v1/messages", body)
        assert field.sim.total_calls == 3


async def test_what_went_wrong_is_not_kept() -> None:
    body = message(temperature=0)
    async with running(KEEPS) as field:
        bad = await field.post("/v1/messages", body, {"x-headgate-sim": "400"})
        assert bad.status == 400
        cut = await field.post(
            "/v1/messages", {**body, "stream": True}, {"x-headgate-sim": "reset=60"}
        )
        assert not cut.whole or b"error" in cut.body
        before = field.sim.total_calls
        good = await field.post("/v1/messages", body)
        assert good.status == 200
        assert field.sim.total_calls == before + 1


async def test_at_its_pace_a_kept_stream_takes_as_long_as_it_once_did() -> None:
    body = message(stream=True, temperature=0)
    toml = KEEPS.replace("[cache]", "[cache]\npace = true")
    async with running(toml, options=Options(scenario=SLOW)) as field:
        first, second = await twice(field, "/v1/messages", body, body)
        assert field.sim.total_calls == 1
        one, two = await field.rows(2)
    assert second.body == first.body
    assert 0.7 < two["took_us"] / one["took_us"] < 2
    assert 0.7 < two["ttft_us"] / one["ttft_us"] < 2


async def test_a_reply_of_targets_that_a_route_has_no_more_is_not_given() -> None:
    toml = KEEPS_ALL + '[models]\nswift = "anthropic:claude-haiku-5-5"\n' + PROVIDERS
    async with running(toml) as field:
        before = await field.post("/v1/messages", message("swift"))
        text = ("[server]\nport = 0\n" + toml).replace("haiku", "opus")
        text = text.replace("{sim}", field.sim_server.url)
        config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
        house = field.opened.house
        house.take_up(config, house.ground.settlement.catalog)
        after = await field.post("/v1/messages", message("swift"))
        assert field.sim.total_calls == 2
    assert (before.json["model"], after.json["model"]) == (
        "claude-haiku-5-5",
        "claude-opus-5-5",
    )


async def test_a_reply_from_where_another_tag_leads_is_not_given() -> None:
    toml = KEEPS_ALL + '[routing.tags.urgent]\nprefer = "quality"\n[models]\n'
    toml += 'pair = ["anthropic:claude-haiku-5-5", "anthropic:claude-opus-5-5"]\n'
    async with running(toml + PROVIDERS) as field:
        body = message("pair")
        plain = await field.post("/v1/messages", body)
        tagged = await field.post("/v1/messages", body, {"x-headgate-tags": "urgent"})
        other = await field.post("/v1/messages", body, {"x-headgate-tags": "other"})
        assert field.sim.total_calls == 2
    assert "x-headgate-cache" not in tagged.headers
    assert other.body == plain.body


async def test_what_a_translation_left_out_is_told_with_every_kept_reply() -> None:
    toml = KEEPS_ALL + '[models]\nswift = "openai:gpt-6-luna"\n' + PROVIDERS
    async with running(toml) as field:
        body = message("swift", top_k=3)
        first, second = await twice(field, "/v1/messages", body, {**body, "stream": True})
        assert field.sim.total_calls == 1
        rows = await field.rows(2)
    assert first.headers["x-headgate-warning"] == second.headers["x-headgate-warning"]
    assert [row["warnings"] for row in rows] == ["top_k", "top_k"]
