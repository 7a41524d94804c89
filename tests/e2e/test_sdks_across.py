"""Both official SDKs' helpers at models of every vendor: as if the model were the SDK's own.

Each version runs once and reports what it understood; the tests judge the report, and what had
arrived at the simulated provider meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import MODELS, THINKERS, Arrival, Row, Street, run_client, sdk_python
from tests.matrix import (
    ANTHROPIC_SDK,
    CHAT_SDK,
    RESPONSES_SDK,
    UPSTREAMS,
    at_every_upstream,
    cell,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCRIPTS = Path(__file__).parent / "clients"
ANTHROPIC = ["newest", "anthropic-0.125.0"]
OPENAI = ["newest", "openai-2.54.0"]
PATHS = {
    "messages": "/messages",
    "chat": "/chat/completions",
    "responses": "/responses",
}
TWO = ["Oslo", "Łódź 🌧"]

Report = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """One version's run: what it understood, what arrived, what the ledger says."""

    report: Report
    arrived: list[Arrival]
    rows: list[Row]

    def at(self, upstream: str) -> list[Arrival]:
        return [each for each in self.arrived if each.path.endswith(PATHS[upstream])]


_told: dict[str, Told | str] = {}
"""by script and version; or why a run failed, lest every test runs it again"""


def told_by(street: Street, home: Path, script: str, version: str) -> Told:
    name = f"{script} {version}"
    if name not in _told:
        python = sdk_python("" if version == "newest" else version)
        url = street.url if script == "anthropic_across" else f"{street.url}/v1"
        names = {each: {"model": MODELS[each], "thinker": THINKERS[each]} for each in UPSTREAMS}
        mark, seen = street.mark(), street.seen()
        command = [python, str(SCRIPTS / f"{script}.py"), url, street.key, json.dumps(names)]
        ran = run_client(command, {}, home)
        if ran.code:
            _told[name] = ran.err[-2000:]
        else:
            _told[name] = Told(ran.json, street.arrived(seen), street.rows_after(mark))
    told = _told[name]
    if isinstance(told, str):
        pytest.fail(f"{name} failed: {told}", pytrace=False)
    return told


@pytest.fixture(params=ANTHROPIC)
def anthropic(request: pytest.FixtureRequest, street: Street, fresh_home: Path) -> Told:
    return told_by(street, fresh_home, "anthropic_across", request.param)


@pytest.fixture(params=OPENAI)
def openai(request: pytest.FixtureRequest, street: Street, fresh_home: Path) -> Told:
    return told_by(street, fresh_home, "openai_across", request.param)


def from_both_surfaces(*whats: str) -> pytest.MarkDecorator:
    """Every surface of the openai SDK at every kind of provider, and the cells of each."""
    clients = {"chat": CHAT_SDK, "responses": RESPONSES_SDK}
    params = [
        pytest.param(
            surface,
            upstream,
            id=f"{surface} at {upstream}",
            marks=cell(clients[surface], upstream, *whats),
        )
        for surface in clients
        for upstream in UPSTREAMS
    ]
    return pytest.mark.parametrize(("surface", "upstream"), params)


@at_every_upstream(ANTHROPIC_SDK, "stream")
def test_anthropic_streams_add_up_to_the_final_message(anthropic: Told, upstream: str) -> None:
    seen = anthropic.report[upstream]["streamed"]
    assert seen["said"] == seen["text"]
    assert "simulated" in seen["text"]
    assert (seen["first"], seen["last"]) == ("message_start", "message_stop")
    assert seen["stop"] == "end_turn"
    assert seen["output"] > 0
    assert "simulated" in anthropic.report[upstream]["async"]["streamed"]


@from_both_surfaces("stream")
def test_openai_streams_add_up_to_the_final_answer(
    openai: Told, surface: str, upstream: str
) -> None:
    report = openai.report[f"{surface} at {upstream}"]
    seen = report["streamed"]
    assert seen["said"] == seen["text"]
    assert "simulated" in seen["text"]
    assert seen["stop"] in ("stop", "completed")
    assert seen["output"] > 0
    assert "simulated" in report["async"]["streamed"]


@at_every_upstream(ANTHROPIC_SDK, "tools")
def test_the_tool_runner_runs_to_the_end(anthropic: Told, upstream: str) -> None:
    """It calls the function, sends the result, and gets an answer in words.

    The newest one begins a thread, which nobody keeps here: it is told so in words on which it
    goes on with whole conversations.
    """
    seen = anthropic.report[upstream]["runner"]
    assert seen["asked"] == [TWO[1]]
    assert seen["last"]["stop"] == "end_turn"
    assert "simulated" in seen["last"]["text"]
    with_result = [each for each in anthropic.at(upstream) if "7 degrees" in each.body.decode()]
    assert len(with_result) == 2, "of one runner with one call, and one with two"


@at_every_upstream(ANTHROPIC_SDK, "parallel tools")
def test_two_calls_at_once_reach_the_anthropic_sdk_whole(
    anthropic: Told, upstream: str
) -> None:
    seen = anthropic.report[upstream]["parallel"]
    assert [tool[1:] for tool in seen["tools"]] == [["weather", {"city": each}] for each in TWO]
    assert len({tool[0] for tool in seen["tools"]}) == 2
    assert seen["stop"] == "tool_use"
    assert anthropic.report[upstream]["runner_parallel"]["asked"] == TWO


@from_both_surfaces("tools")
def test_tools_made_of_pydantic_classes_are_called_and_answered(
    openai: Told, surface: str, upstream: str
) -> None:
    seen = openai.report[f"{surface} at {upstream}"]["tools"]
    visit = {"city": TWO[1], "days": 3}
    assert seen["parsed"] == visit
    assert [tool[1:] for tool in seen["streamed"]["tools"]] == [["Visit", visit]]
    assert "simulated" in seen["after"]["text"]
    assert seen["after"]["tools"] == []


@from_both_surfaces("parallel tools")
def test_two_calls_at_once_reach_the_openai_sdk_whole(
    openai: Told, surface: str, upstream: str
) -> None:
    seen = openai.report[f"{surface} at {upstream}"]["parallel"]
    assert [tool[2]["city"] for tool in seen["tools"]] == TWO
    assert len({tool[0] for tool in seen["tools"]}) == 2


def with_image(told: Told, upstream: str) -> list[Any]:
    return [each.json for each in told.at(upstream) if b"iVBORw0KGgo" in each.body]


@at_every_upstream(ANTHROPIC_SDK, "images")
def test_an_image_of_the_anthropic_sdk_arrives(anthropic: Told, upstream: str) -> None:
    assert "simulated" in anthropic.report[upstream]["image"]["text"]
    (body,) = with_image(anthropic, upstream)
    assert_shows_image(body, upstream)


@from_both_surfaces("images")
def test_an_image_of_the_openai_sdk_arrives(openai: Told, surface: str, upstream: str) -> None:
    assert "simulated" in openai.report[f"{surface} at {upstream}"]["image"]["text"]
    bodies = with_image(openai, upstream)
    assert len(bodies) == 2, "one of each surface"
    for body in bodies:
        assert_shows_image(body, upstream)


def assert_shows_image(body: dict[str, Any], upstream: str) -> None:
    content = body["input" if upstream == "responses" else "messages"][0]["content"]
    kinds = {"messages": "image", "chat": "image_url", "responses": "input_image"}
    (image,) = [part for part in content if part["type"] == kinds[upstream]]
    if upstream == "messages":
        assert image["source"]["media_type"] == "image/png"
        assert image["source"]["data"].startswith("iVBORw0KGgo")
    else:
        url = image["image_url"]
        url = url["url"] if isinstance(url, dict) else url
        assert url.startswith("data:image/png;base64,iVBORw0KGgo")


@at_every_upstream(ANTHROPIC_SDK, "structured output")
def test_the_anthropic_sdk_parses_an_answer_into_a_class(
    anthropic: Told, upstream: str
) -> None:
    seen = anthropic.report[upstream]
    assert set(seen["parsed"]) == {"city", "days"}
    assert seen["async"]["parsed"] == "Visit"


@from_both_surfaces("structured output")
def test_the_openai_sdk_parses_answers_and_streams_into_a_class(
    openai: Told, surface: str, upstream: str
) -> None:
    seen = openai.report[f"{surface} at {upstream}"]
    assert seen["structured"]["parsed"] == ["Visit", "Visit"]
    assert seen["async"]["parsed"] == "Visit"


@at_every_upstream(ANTHROPIC_SDK, "thinking")
def test_thoughts_reach_the_anthropic_sdk_sealed_and_go_back_open(
    anthropic: Told, upstream: str
) -> None:
    first = anthropic.report[upstream]["thinking"]["first"]
    ((text, seal),) = first["thoughts"]
    assert "simulated" in text
    assert seal
    assert "simulated" in anthropic.report[upstream]["thinking"]["again"]["text"]
    (back,) = [each for each in anthropic.at(upstream) if b"Go on." in each.body]
    assert b"gw1." not in back.body, "a seal of ours is for clients alone"
    place = {"messages": b'"signature":', "chat": b'"reasoning_content":'}
    assert place.get(upstream, b'"encrypted_content":') in back.body


@from_both_surfaces("thinking")
def test_effort_is_asked_for_and_reasoning_counted_for_the_openai_sdk(
    openai: Told, surface: str, upstream: str
) -> None:
    """Chat Completions shows no thoughts; Responses gives them as sealed items."""
    seen = openai.report[f"{surface} at {upstream}"]["thinking"]
    assert seen["thought"] == 20
    assert "simulated" in seen["text"]
    if surface == "responses":
        assert "simulated" in seen["summary"]
        assert seen["sealed"] is True
        (back,) = [each for each in openai.at(upstream) if b"Go on." in each.body]
        assert b"gw1." not in back.body, "a seal of ours is for clients alone"
    asked = {"messages": b'"effort":"high"', "chat": b'"reasoning_effort"'}
    wanted = asked.get(upstream, b'"reasoning":{"effort":"high"')
    bodies = [each.body.replace(b": ", b":") for each in openai.at(upstream)]
    if upstream != "chat" or surface == "chat":  # its model does not reason on demand
        assert any(wanted in body for body in bodies)


def assert_limited(found: Report) -> None:
    assert found["class"] == "RateLimitError"
    assert found["status"] == 429
    assert found["retry_after"] == "77"
    assert found["id"]


@at_every_upstream(ANTHROPIC_SDK, "errors")
def test_errors_of_every_vendor_are_the_anthropic_sdks_own(
    anthropic: Told, upstream: str
) -> None:
    errors = anthropic.report[upstream]["errors"]
    assert_limited(errors["limited"])
    assert_limited(errors["limited_stream"])
    assert errors["field"]["class"] == "BadRequestError"
    assert "role" in errors["field"]["message"]
    assert "messages" in errors["field"]["message"]
    assert errors["refused"]["class"] == "BadRequestError"
    assert "no such thing" in errors["refused"]["message"]
    assert (errors["overloaded"]["class"], errors["overloaded"]["status"]) == (
        "OverloadedError",
        529,
    )
    assert errors["too_long"]["class"] == "BadRequestError"
    assert "prompt is too long" in errors["too_long"]["message"]


@from_both_surfaces("errors")
def test_errors_of_every_vendor_are_the_openai_sdks_own(
    openai: Told, surface: str, upstream: str
) -> None:
    errors = openai.report[f"{surface} at {upstream}"]["errors"]
    assert_limited(errors["limited"])
    assert_limited(errors["limited_stream"])
    if (surface, upstream) != ("responses", "responses"):  # passes; the simulator is lenient
        assert errors["field"]["class"] == "BadRequestError"
        assert "[0].role" in errors["field"]["message"]
    assert errors["refused"]["class"] == "BadRequestError"
    assert "no such thing" in errors["refused"]["message"]
    assert (errors["overloaded"]["class"], errors["overloaded"]["status"]) == (
        "InternalServerError",
        503,
    )
    assert errors["too_long"]["class"] == "BadRequestError"
    assert errors["too_long"]["code"] == "context_length_exceeded"


@at_every_upstream(ANTHROPIC_SDK, "cut stream")
def test_half_an_answer_is_an_error_to_the_anthropic_sdk(
    anthropic: Told, upstream: str
) -> None:
    for way in ("cut", "error-after", "reset"):
        assert anthropic.report[upstream]["cut"][way]["class"] == "APIStatusError", way


@from_both_surfaces("cut stream")
def test_half_an_answer_is_an_error_to_the_openai_sdk(
    openai: Told, surface: str, upstream: str
) -> None:
    for way in ("cut", "error-after", "reset"):
        found = openai.report[f"{surface} at {upstream}"]["cut"][way]
        if surface == "chat":
            assert found["class"] == "APIError", way
        else:
            assert found["class"] in ("response.failed", "error"), way
            assert "response.completed" in found["helped"], way
        assert found["message"], way


@at_every_upstream(ANTHROPIC_SDK, "cut stream")
def test_an_upstream_is_let_go_when_the_anthropic_sdk_leaves(
    anthropic: Told, upstream: str
) -> None:
    assert anthropic.report[upstream]["left"] == 3
    left = [each for each in anthropic.at(upstream) if b"leave early" in each.body]
    assert [each.lost for each in left] == [True]


@from_both_surfaces("cut stream")
def test_an_upstream_is_let_go_when_the_openai_sdk_leaves(
    openai: Told, surface: str, upstream: str
) -> None:
    assert openai.report[f"{surface} at {upstream}"]["left"] == 4
    left = [each for each in openai.at(upstream) if b"leave early" in each.body]
    assert [each.lost for each in left] == [True, True], "one of each surface"
    gone = [row for row in openai.rows if row["ending"] == "client_gone"]
    assert len(gone) == 6
    assert all(row["output"] > 0 for row in gone), "what was served is paid for"


def test_tokens_are_counted_by_those_who_can_and_the_others_named(anthropic: Told) -> None:
    assert anthropic.report["messages"]["counted"] > 0
    for upstream in ("chat", "responses"):
        refused = anthropic.report[upstream]["counted"]
        assert refused["status"] == 501
        assert "count_tokens" in refused["message"]


def test_every_translated_call_is_priced_as_the_model_that_answered(
    anthropic: Told, openai: Told
) -> None:
    rows = [row for row in anthropic.rows + openai.rows if row["status"] == 200]
    assert {row["model_sent"] for row in rows} >= {
        "claude-opus-5-5",
        "gpt-4.1",
        "gpt-5.6-terra",
    }
    paid = [row for row in rows if row["model_sent"] != "qwen-4" and row["output"]]
    assert all(row["cost_nusd"] > 0 for row in paid)
