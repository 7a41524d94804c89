"""One model call at the simulator: order of decisions, cache, limits and headers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.scenario import Scenario, read
from headgate.sim.stage import Play
from headgate.sim.turn import (
    CHAT,
    MESSAGES,
    RESPONSES,
    Received,
    Wire,
    World,
    count_tokens,
    turn,
)

LONG = "A system prompt of some length. " * 200
MARK = {"type": "ephemeral"}


class Clock:
    now = 1_793_836_800.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A world, its clock, and calls that come one after the other."""

    def __init__(self, text: str = "") -> None:
        self.clock = Clock()
        self.world = World(3, read(text) if text else Scenario(), self.clock)
        self.n = 0

    def received(self, body: Any, key: str = "k", script: str = "") -> Received:
        self.n += 1
        headers = [
            (b"x-api-key", key.encode()),
            (b"authorization", b"Bearer " + key.encode()),
            (b"anthropic-version", b"2023-06-01"),
            (b"x-headgate-sim", script.encode()),
        ]
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return Received(self.n, "POST", "/v1/messages", "", headers, data, 0.0)

    def ask(self, wire: Wire, body: Any, key: str = "k", script: str = "") -> Play:
        play = turn(self.world, wire, self.received(body, key, script))
        if play.begun is not None:
            play.begun()
        return play

    def usage(self, body: dict[str, Any], key: str = "k") -> dict[str, Any]:
        play = self.ask(MESSAGES, body, key)
        assert play.status == 200, play.body
        return dict(msgspec.json.decode(play.body)["usage"])


def message(**more: Any) -> dict[str, Any]:
    hi = [{"role": "user", "content": "hi"}]
    return {"model": "claude-opus-5-5", "max_tokens": 99, "messages": hi, **more}


def cached(**more: Any) -> dict[str, Any]:
    return message(system=[{"type": "text", "text": LONG, "cache_control": MARK}], **more)


def test_a_marked_prompt_is_written_then_read_then_forgotten() -> None:
    stage = Stage()
    first = stage.usage(cached())
    size = first["cache_creation_input_tokens"]
    assert size == len(LONG) / 3.2
    stage.clock.now += 299
    assert stage.usage(cached())["cache_read_input_tokens"] == size
    stage.clock.now += 299
    assert stage.usage(cached())["cache_read_input_tokens"] == size
    stage.clock.now += 300
    assert stage.usage(cached())["cache_creation_input_tokens"] == size


def test_caches_are_kept_apart_by_key_and_by_model() -> None:
    stage = Stage()
    stage.usage(cached())
    assert stage.usage(cached(), key="other")["cache_read_input_tokens"] == 0
    assert stage.usage(cached(model="claude-opus-5"))["cache_read_input_tokens"] == 0


def test_a_call_that_failed_left_nothing_in_the_cache() -> None:
    stage = Stage()
    stage.ask(MESSAGES, cached(), script="529")
    assert stage.usage(cached())["cache_read_input_tokens"] == 0


def test_old_models_need_a_longer_prefix() -> None:
    stage = Stage()
    assert stage.usage(cached(model="claude-haiku-4-5"))["cache_creation_input_tokens"] == 0


def test_openai_reads_its_cache_on_both_surfaces() -> None:
    stage = Stage()
    chat = {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": LONG}]}
    for cached_tokens, written in ((0, 1607), (1607, 0)):
        details = msgspec.json.decode(stage.ask(CHAT, chat).body)["usage"][
            "prompt_tokens_details"
        ]
        assert details["cached_tokens"] == cached_tokens
        assert details["cache_write_tokens"] == written
    options = {"ttl": "12h"}
    responses = {"model": "gpt-6.1-sol", "input": f"{LONG}.", "prompt_cache_options": options}
    usage = msgspec.json.decode(stage.ask(RESPONSES, responses).body)["usage"]
    ttls = usage["input_tokens_details"]["cache_write_tokens_details"]
    assert ttls["ttl_12h_tokens"] > 0
    assert ttls["ttl_30m_tokens"] == 0


POINT = {"mode": "explicit"}


def openai_usage(stage: Stage, wire: Wire, body: dict[str, Any]) -> tuple[int, int]:
    """(read, written) of one call."""
    play = stage.ask(wire, body)
    assert play.status == 200, play.body
    usage = msgspec.json.decode(play.body)["usage"]
    details = usage.get("prompt_tokens_details") or usage["input_tokens_details"]
    return details["cached_tokens"], details["cache_write_tokens"]


def test_openai_writes_only_at_explicit_breakpoints_where_that_is_asked() -> None:
    stage = Stage()
    mark = {"type": "text", "text": LONG, "prompt_cache_breakpoint": POINT}
    for content, reads, writes in ((LONG, 0, 0), ([mark], 0, 1), ([mark], 1, 0)):
        messages = [{"role": "system", "content": content}, {"role": "user", "content": "x"}]
        body = {"model": "gpt-6.1-sol", "messages": messages, "prompt_cache_options": POINT}
        found = openai_usage(stage, CHAT, body)
        assert (found[0] > 0, found[1] > 0) == (reads, writes)


def test_a_cache_key_changes_no_hit() -> None:
    stage = Stage()
    body = {"model": "gpt-6.1-sol", "input": LONG}
    assert openai_usage(stage, RESPONSES, {**body, "prompt_cache_key": "a"})[0] == 0
    assert openai_usage(stage, RESPONSES, {**body, "prompt_cache_key": "b"})[0] > 0


def test_a_reply_says_why_its_prompt_missed_the_cache_where_that_is_asked() -> None:
    stage = Stage()
    asks = {"diagnostics": {"previous_message_id": None}}
    first = msgspec.json.decode(stage.ask(MESSAGES, cached(**asks)).body)
    assert first["diagnostics"] is None
    asks = {"diagnostics": {"previous_message_id": first["id"]}}
    other = msgspec.json.decode(stage.ask(MESSAGES, message(system="new", **asks)).body)
    reason = other["diagnostics"]["cache_miss_reason"]
    assert reason["type"] == "system_changed"
    assert reason["cache_missed_input_tokens"] >= len(LONG) / 3.2
    play = stage.ask(MESSAGES, cached(stream=True, **asks))
    assert play.frames is not None
    start = next(iter(play.frames)).data
    assert msgspec.json.decode(start.split(b"data: ")[1])["message"]["diagnostics"] is None
    assert "diagnostics" not in msgspec.json.decode(stage.ask(MESSAGES, cached()).body)


def test_a_response_compares_itself_with_the_one_that_is_named() -> None:
    stage = Stage()
    body: dict[str, Any] = {"model": "gpt-6.1-sol", "input": LONG}
    first = msgspec.json.decode(stage.ask(RESPONSES, body).body)
    body["prompt_cache_options"] = {"comparison_response_id": first["id"]}
    again = msgspec.json.decode(stage.ask(RESPONSES, body).body)
    assert again["prompt_cache_diagnostics"] == {"type": "cache_hit"}
    body["instructions"] = "something else"
    missed = msgspec.json.decode(stage.ask(RESPONSES, body).body)["prompt_cache_diagnostics"]
    assert (missed["type"], missed["reason"]) == ("cache_miss", "input_changed")
    assert "prompt_cache_diagnostics" not in first


def test_thinking_is_refused_in_a_conversation_that_was_changed_behind_it() -> None:
    stage = Stage()
    body = message(system="You help.")
    reply = msgspec.json.decode(stage.ask(MESSAGES, body, script="think=9").body)
    body["messages"] = [
        *body["messages"],
        {"role": "assistant", "content": reply["content"]},
        {"role": "user", "content": "go on"},
    ]
    marked = [{"type": "text", "text": "You help.", "cache_control": MARK}]
    assert stage.ask(MESSAGES, {**body, "system": marked}).status == 200
    refused = stage.ask(MESSAGES, {**body, "system": "You hinder."})
    assert refused.status == 400
    assert b"bound to a different conversation" in refused.body
    counted = count_tokens(stage.world, stage.received({**body, "system": "You hinder."}))
    assert counted.status == 400


def test_a_text_is_the_same_to_the_cache_alone_and_as_a_block() -> None:
    stage = Stage()
    marked = [{"type": "text", "text": LONG, "cache_control": MARK}]
    turn = [{"role": "user", "content": marked}]
    assert stage.usage(message(messages=turn))["cache_creation_input_tokens"] > 0
    last = [{"type": "text", "text": "b", "cache_control": MARK}]
    later = [
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": last},
    ]
    assert stage.usage(message(messages=later))["cache_read_input_tokens"] > 0


def test_tools_that_are_loaded_late_are_no_part_of_the_prompt() -> None:
    stage = Stage()
    late = [{"name": "b", "description": LONG, "input_schema": {}, "defer_loading": True}]
    without = stage.usage(cached())
    held = stage.usage(cached(tools=late))
    assert held["cache_read_input_tokens"] == without["cache_creation_input_tokens"]
    assert held["input_tokens"] == without["input_tokens"]


def test_marks_where_none_may_stand_are_refused() -> None:
    late = {"name": "a", "input_schema": {}, "defer_loading": True, "cache_control": MARK}
    empty = [{"type": "text", "text": "", "cache_control": MARK}]
    for body in (message(tools=[late]), message(system=empty)):
        assert Stage().ask(MESSAGES, body).status == 400


def test_limits_refuse_with_the_wait_and_refill() -> None:
    stage = Stage("[limits]\nrequests_per_minute = 2")
    statuses = [stage.ask(MESSAGES, message()).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = stage.ask(MESSAGES, message())
    headers = dict(refused.headers)
    assert headers[b"retry-after"] == b"30"
    assert headers[b"anthropic-ratelimit-requests-remaining"] == b"0"
    assert stage.ask(MESSAGES, message(), key="other").status == 200
    stage.clock.now += 30
    assert stage.ask(MESSAGES, message()).status == 200


def test_cache_reads_do_not_count_against_the_input_limit() -> None:
    stage = Stage("[limits]\ninput_tokens_per_minute = 2100")
    assert [stage.ask(MESSAGES, cached()).status for _ in range(20)] == [200] * 20
    assert stage.ask(MESSAGES, message(system=LONG)).status == 429


@pytest.mark.parametrize(
    ("script", "status", "headers"),
    [
        ("429", 429, {b"retry-after": None}),
        ("429;retry-after=2", 429, {b"retry-after": b"2"}),
        ("429;should-retry=false", 429, {b"x-should-retry": b"false"}),
        ("529", 529, {}),
        ("overload", 529, {}),
        ("error-after=3", 500, {}),
    ],
)
def test_a_scripted_error_has_its_status_and_headers(
    script: str, status: int, headers: dict[bytes, bytes | None]
) -> None:
    for wire in (MESSAGES, CHAT):
        play = Stage().ask(wire, message(), script=script)
        assert play.status == status
        assert {name: dict(play.headers).get(name) for name in headers} == headers


def test_an_error_can_be_worded_by_the_script() -> None:
    script = '429;error=billing_error;code=enforced_spend_limit_reached;message="spent"'
    error = msgspec.json.decode(Stage().ask(MESSAGES, message(), script=script).body)["error"]
    assert error == {
        "type": "billing_error",
        "message": "[simulated] spent",
        "details": {"error_code": "enforced_spend_limit_reached"},
    }


def test_the_key_is_looked_at_before_anything_else() -> None:
    stage = Stage('bad_keys = ["bad"]\nalways = "529"')
    assert stage.ask(MESSAGES, b"{", key="bad").status == 401
    assert stage.ask(MESSAGES, b"{").status == 400
    assert stage.ask(MESSAGES, message()).status == 529


def test_every_reply_names_the_request_in_its_vendors_header() -> None:
    for wire, name in ((MESSAGES, b"request-id"), (CHAT, b"x-request-id")):
        play = Stage().ask(wire, message())
        assert dict(play.headers)[name].startswith(b"req_")


def test_counting_takes_no_bound_and_agrees_with_the_reply() -> None:
    stage = Stage()
    body = message(system=LONG)
    del body["max_tokens"]
    play = count_tokens(stage.world, stage.received(body))
    counted = msgspec.json.decode(play.body)["input_tokens"]
    assert counted == stage.usage(message(system=LONG))["input_tokens"]
    refused = count_tokens(stage.world, stage.received(body, script="429;retry-after=3"))
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (429, b"3")


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer_in_the_vendors_shape(data: bytes) -> None:
    for wire in (MESSAGES, CHAT, RESPONSES):
        play = Stage().ask(wire, data)
        assert play.status == 400
        assert msgspec.json.decode(play.body)["error"]["message"].startswith("[simulated]")
