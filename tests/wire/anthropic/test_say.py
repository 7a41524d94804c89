"""An Ask is said to Claude as Anthropic accepts it, and what is lost on the way is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic.types import MessageCreateParams
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headgate.sim.checks import check_messages
from headgate.wire import anthropic
from headgate.wire.ability import Abilities, Aim
from headgate.wire.anthropic.say import MOST_UNKNOWN, ONE_OBJECT
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Choice,
    Format,
    Mark,
    Part,
    Role,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.model import Fault
from tests.wire.anthropic.asks import (
    ANYTHING,
    NEWEST,
    OLD,
    REQUESTS,
    asking,
    block,
    named,
    said,
    turn,
    user,
)

OFFICIAL: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 1}},
    "required": ["n"],
    "additionalProperties": False,
}


def is_taken(request: dict[str, Any]) -> bool:
    """Anthropic refuses an hour's mark behind one of five minutes, and two in one place."""
    parts = [request.get(name, []) for name in ("tools", "system", "messages")]
    marks = [each.get("ttl", "5m") for each in _borne(parts)]
    whole = request.get("cache_control")
    if whole is not None:
        content = request["messages"][-1]["content"]
        if isinstance(content, list) and content and "cache_control" in content[-1]:
            return False
        marks.append(whole.get("ttl", "5m"))
    return sorted(marks) == marks  # "1h" comes before "5m"


def _borne(it: object) -> Iterator[dict[str, str]]:
    if isinstance(it, list):
        for each in it:
            yield from _borne(each)
    elif isinstance(it, dict):
        yield from _borne(it.get("content"))
        if isinstance(it.get("cache_control"), dict):
            yield it["cache_control"]


@pytest.mark.slow
@given(REQUESTS.filter(is_taken))
def test_what_was_heard_is_said_again_and_means_the_same(request: dict[str, Any]) -> None:
    losses = Losses()
    ask = anthropic.decode_ask(json.dumps(request).encode(), losses)
    body, _ = anthropic.encode_ask(ask, Aim(ask.model, ANYTHING, ask.stream), losses)
    again = anthropic.decode_ask(body, losses)
    # an effort is said together with the way to think that it needs
    again.thinking = ask.thinking
    assert again == ask
    assert losses.all == []


@pytest.mark.slow
@given(REQUESTS)
def test_the_same_ask_is_said_with_the_same_bytes_and_stays_as_it_was(
    request: dict[str, Any],
) -> None:
    ask, untouched = (
        anthropic.decode_ask(json.dumps(request).encode(), Losses()) for _ in range(2)
    )
    aim = Aim("claude-x", NEWEST, stream=True)
    bodies = {anthropic.encode_ask(ask, aim, Losses())[0] for _ in range(2)}
    assert ask == untouched
    assert len(bodies) == 1
    members = json.loads(bodies.pop())
    assert (members["model"], members["stream"]) == ("claude-x", True)


def test_the_smallest_ask_is_said_with_what_anthropic_requires() -> None:
    assert said(asking()) == {
        "model": "claude",
        "max_tokens": 128_000,
        "messages": [user([block("hi")])],
    }
    assert said(asking(), Abilities())["max_tokens"] == MOST_UNKNOWN


def test_a_limit_above_the_models_is_lowered_and_named() -> None:
    ask = asking(max_output=200_000)
    assert said(ask, OLD)["max_tokens"] == 64_000
    assert named(ask, OLD) == ["max_output: changed: lowered to 64000, this model's most"]
    assert said(asking(max_output=5), OLD)["max_tokens"] == 5


def test_system_words_are_blocks_with_their_marks() -> None:
    ask = asking(system=[Text("A", Mark()), Text(" "), Text("B")])
    assert said(ask)["system"] == [
        {**block("A"), "cache_control": {"type": "ephemeral"}},
        block("B"),
    ]


def test_any_one_object_is_asked_for_in_words() -> None:
    ask = asking(system=[Text("A")], format=Format())
    assert said(ask)["system"] == [block("A"), block(ONE_OBJECT)]
    assert "output_config" not in said(ask)


def test_a_schema_is_held_to_as_far_as_anthropic_can() -> None:
    ask = asking(format=Format(SCHEMA, "r", "A number.", strict=True), effort="low")
    properties = {"n": {"type": "integer", "description": "minimum: 1"}}
    assert said(ask)["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {**SCHEMA, "properties": properties, "description": "A number."},
        },
    }
    assert [line.split(":")[0] for line in named(ask)] == ["format"]


@pytest.mark.parametrize(
    ("schema", "abilities"),
    [({"type": "object"}, NEWEST), (SCHEMA, Abilities(json_schema=False))],
)
def test_a_schema_claude_cannot_be_held_to_is_told_in_words(
    schema: dict[str, Any], abilities: Abilities
) -> None:
    ask = asking(format=Format(schema))
    (told,) = said(ask, abilities)["system"]
    assert told["text"].startswith(ONE_OBJECT)
    assert json.loads(told["text"].split("\n", 1)[1]) == schema
    assert "output_config" not in said(ask, abilities)
    assert named(ask, abilities) == [
        "format: changed: Claude is told the schema, it is not held to it"
    ]


@pytest.mark.parametrize(
    ("given", "abilities", "sampling", "fields"),
    [
        ({"temperature": 1.7}, OLD, {"temperature": 1.0}, ["temperature"]),
        ({"temperature": -1}, OLD, {"temperature": 0.0}, ["temperature"]),
        ({"temperature": 0.2, "top_k": 5}, OLD, {"temperature": 0.2, "top_k": 5}, []),
        ({"top_p": 0.9}, OLD, {"top_p": 0.9}, []),
        ({"temperature": 0.2, "top_p": 0.9}, OLD, {"temperature": 0.2}, ["top_p"]),
        ({"temperature": 0.2, "top_p": 1}, OLD, {"temperature": 0.2}, []),
        ({"temperature": 0.2, "effort": "low"}, OLD, {}, ["temperature"]),
        ({"top_p": 0.5, "effort": "low"}, OLD, {"top_p": 0.95}, ["top_p"]),
        ({"top_p": 0.97, "effort": "low"}, OLD, {"top_p": 0.97}, []),
        ({"temperature": 1, "top_k": 1, "effort": "low"}, OLD, {}, []),
        (
            {"temperature": 0.2, "top_p": 0.5, "top_k": 1},
            Abilities(sampling=False),
            {},
            ["temperature", "top_p", "top_k"],
        ),
        ({"temperature": 1, "top_p": 1.0}, Abilities(sampling=False), {}, []),
    ],
)
def test_sampling_is_said_as_far_as_the_model_takes_it(
    given: dict[str, Any], abilities: Abilities, sampling: dict[str, Any], fields: list[str]
) -> None:
    body = said(asking(**given), abilities)
    names = ("temperature", "top_p", "top_k")
    assert {name: body[name] for name in names if name in body} == sampling
    assert [line.split(":")[0] for line in named(asking(**given), abilities)] == fields


def test_a_user_is_said_as_a_hash_of_nobody_can_read() -> None:
    body = said(asking(user="jane@example.com", session="s-1"))
    assert len(body["metadata"]["user_id"]) == 64
    assert "jane" not in json.dumps(body)
    assert body["metadata"] == said(asking(user="jane@example.com"))["metadata"]


@pytest.mark.parametrize(
    ("tier", "members"),
    [
        ("auto", {"service_tier": "auto"}),
        ("standard", {"service_tier": "standard_only"}),
        ("priority", {"service_tier": "auto"}),
        ("fast", {"speed": "fast"}),
        ("flex", {}),
        ("", {}),
    ],
)
def test_a_tier_is_said_in_anthropics_words(tier: str, members: dict[str, str]) -> None:
    body = said(asking(tier=tier))
    assert {name: body[name] for name in ("service_tier", "speed") if name in body} == members


def test_what_anthropic_has_no_word_for_is_named() -> None:
    ask = asking(verbosity="low", metadata={"a": "b"}, tier="flex", stop=["\n", "END"])
    assert sorted(line.split(":")[0] for line in named(ask)) == [
        "metadata",
        "stop",
        "tier",
        "verbosity",
    ]
    assert said(ask)["stop_sequences"] == ["END"]


def test_only_so_many_stop_sequences_are_said_as_the_model_takes() -> None:
    ask = asking(stop=["a", "b", "c"])
    assert said(ask, Abilities(stops=2))["stop_sequences"] == ["a", "b"]
    assert named(ask, Abilities(stops=2)) == ["stop: dropped: all but the first 2"]


def test_claude_does_not_think_where_a_tool_is_demanded() -> None:
    ask = asking(tools=[Tool("a")], choice=Choice("any"), thinking=Thinking("on", 2000))
    assert "thinking" not in said(ask, OLD)
    assert named(ask, OLD) == [
        "thinking: dropped: Claude does not think where a tool is demanded"
    ]


def test_words_to_be_continued_are_refused_where_the_model_cannot() -> None:
    ask = asking(turn(Role.USER, "json please"), turn(Role.ASSISTANT, '{"a": '))
    assert said(ask, OLD)["messages"][-1]["content"] == [block('{"a":')]
    assert [line[:7] for line in named(ask)] == ["!turns:"]
    assert named(ask, OLD) == []


def _marks(body: Any) -> list[Any]:
    """Every cache mark in the order of the prefix."""
    found: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for inner in node:
                walk(inner)
        elif isinstance(node, dict):
            walk(node.get("content"))
            if "cache_control" in node:
                found.append(node["cache_control"])

    for part in ("tools", "system", "messages"):
        walk(body.get(part))
    return found


def _marked(many: int, **members: Any) -> Ask:
    result = ToolResult("1", [Text("a", Mark("1h"))])
    texts = [Text(str(i), Mark("5m")) for i in range(many)]
    return asking(Turn(Role.USER, [result, *texts]), tools=[Tool("t", mark=Mark())], **members)


def test_no_more_cache_marks_are_said_than_anthropic_takes() -> None:
    five = {"type": "ephemeral", "ttl": "5m"}
    assert _marks(said(_marked(9))) == [five] * 4
    assert _marks(said(_marked(9, mark=Mark()))) == [five] * 4
    unmarked = _marked(9, mark=Mark())
    unmarked.turns[-1].parts.append(Text("q"))
    assert _marks(said(unmarked)) == [five] * 3
    assert named(_marked(9))[-1:] == ["mark: dropped: all cache marks but the last 4"]
    assert len(_marks(said(_marked(1)))) == 2


def test_lifetimes_of_other_vendors_become_anthropics() -> None:
    ask = asking(
        Turn(Role.USER, [Text("a", Mark("30m")), Text("b", Mark("5m"))]), mark=Mark("12h")
    )
    body = said(ask)
    assert [mark["ttl"] for mark in _marks(body)] == ["1h", "1h"]
    assert "cache_control" not in body
    assert len(named(ask)) == 2


@given(
    st.lists(st.sampled_from(["", "5m", "1h", "30m", "12h", "9y", None]), max_size=9),
    st.sampled_from(["", "5m", "30m", "12h", None]),
)
def test_anthropic_takes_marks_in_whatever_order_they_came(
    lives: list[str | None], whole: str | None
) -> None:
    texts = [Text(str(at), None if it is None else Mark(it)) for at, it in enumerate(lives)]
    ask = asking(
        Turn(Role.USER, [*texts[1:], Text("q")]),
        system=texts[:1],
        mark=None if whole is None else Mark(whole),
    )
    body = said(ask)
    check_messages(body, "2023-06-01", counting=False)
    assert bool(_marks(body) or "cache_control" in body) == bool(
        whole is not None or [it for it in lives if it is not None]
    )


def test_a_body_nested_beyond_reason_is_the_callers_fault() -> None:
    deep: dict[str, Any] = {}
    for _ in range(2000):
        deep = {"x": deep}
    with pytest.raises(Fault, match="nested too deeply"):
        said(asking(tools=[Tool("a", schema=deep)]))


@pytest.mark.slow
@given(REQUESTS)
def test_the_official_sdk_knows_every_member_we_say(request: dict[str, Any]) -> None:
    ask = anthropic.decode_ask(json.dumps(request).encode(), Losses())
    OFFICIAL.validate_python(said(ask, ANYTHING))


def calling(*before: Part) -> list[Turn]:
    """A tool is in use, and its first call came after these parts."""
    asked = Turn(Role.ASSISTANT, [*before, ToolCall("1", "a", "{}")])
    again = Turn(Role.ASSISTANT, [ToolCall("2", "a", "{}")])
    done = [Turn(Role.USER, [ToolResult(id, [Text("done")])]) for id in "12"]
    return [turn(Role.USER, "go"), asked, done[0], again, done[1]]


def test_a_model_with_a_budget_does_not_begin_to_think_between_calls() -> None:
    """Claude refuses it: what was done with tools has to begin with a thought."""
    ask = asking(*calling(), effort="high")
    assert "thinking" not in said(ask, OLD)
    assert named(ask, OLD) == [
        "effort: dropped: Claude cannot begin to think between calls of tools"
    ]
    own = Thought("hm", "s", maker="anthropic")
    assert said(asking(*calling(own), effort="high"), OLD)["thinking"]["type"] == "enabled"
    over = [turn(Role.ASSISTANT, "did it"), turn(Role.USER, "and now?")]
    later = asking(*calling(), *over, effort="high")
    assert said(later, OLD)["thinking"]["type"] == "enabled"
    assert said(ask, NEWEST)["thinking"]["type"] == "adaptive"
