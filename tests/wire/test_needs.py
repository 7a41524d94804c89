"""What a request needs is found in all dialects, and words in a prompt are no need."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import SURFACES
from headgate.wire.ability import Abilities
from headgate.wire.envelope import Envelope
from headgate.wire.needs import NEEDS, brings_results, lacking, needed

URL = "data:image/png;base64,AAAA"
SOURCE = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
PDF = {**SOURCE, "media_type": "application/pdf"}
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
TOOL = {"name": "t", "description": "d", "input_schema": SCHEMA}
FUNCTION = {"name": "t", "description": "d", "parameters": SCHEMA}


def messages(*content: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": [user(*content)], **more}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [*content] or "hi"}


def chat(*content: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [user(*content)], **more}


def responses(*content: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "input": [user(*content)], **more}


def asks(surface: str, body: dict[str, Any], names: tuple[str, ...] = NEEDS) -> set[str]:
    return set(needed(SURFACES[surface], Envelope(json.dumps(body).encode()), names))


CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("messages", messages(), set()),
    ("chat", chat(), set()),
    ("responses", responses(), set()),
    ("messages", messages({"type": "image", "source": SOURCE}), {"images"}),
    ("chat", chat({"type": "image_url", "image_url": {"url": URL}}), {"images"}),
    ("responses", responses({"type": "input_image", "image_url": URL}), {"images"}),
    ("messages", messages({"type": "document", "source": PDF}), {"documents"}),
    (
        "chat",
        chat({"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}}),
        {"documents"},
    ),
    (
        "responses",
        responses({"type": "input_file", "filename": "a.pdf", "file_data": "AAAA"}),
        {"documents"},
    ),
    (
        "messages",
        messages(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
        {"json_schema"},
    ),
    (
        "chat",
        chat(
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": SCHEMA},
            }
        ),
        {"json_schema"},
    ),
    ("chat", chat(response_format={"type": "json_object"}), {"json_object"}),
    (
        "responses",
        responses(text={"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}),
        {"json_schema"},
    ),
    ("messages", messages(tools=[TOOL]), set()),
    ("messages", messages(tools=[TOOL], tool_choice={"type": "any"}), {"forced_tools"}),
    ("messages", messages(tools=[TOOL], tool_choice={"type": "auto"}), set()),
    (
        "chat",
        chat(tools=[{"type": "function", "function": FUNCTION}], tool_choice="required"),
        {"forced_tools"},
    ),
    (
        "responses",
        responses(tools=[{"type": "custom", "name": "patch", "description": "d"}]),
        {"custom_tools"},
    ),
    (
        "messages",
        messages(thinking={"type": "enabled", "budget_tokens": 1024}),
        {"thinking"},
    ),
    ("messages", messages(thinking={"type": "disabled"}), set()),
    ("messages", messages(thinking={"type": "adaptive"}), set()),
    ("chat", chat(reasoning_effort="high"), {"thinking"}),
    ("chat", chat(reasoning_effort="medium"), set()),
    ("chat", chat(reasoning_effort="none"), set()),
    ("responses", responses(reasoning={"effort": "xhigh"}), {"thinking"}),
    ("embeddings", {"model": "m", "input": "an image of a document"}, set()),
]


@pytest.mark.parametrize(("surface", "body", "expected"), CASES)
def test_what_a_request_needs_is_found(
    surface: str, body: dict[str, Any], expected: set[str]
) -> None:
    assert asks(surface, body) == expected


@pytest.mark.parametrize(("surface", "body", "expected"), CASES)
def test_only_what_is_asked_about_is_answered(
    surface: str, body: dict[str, Any], expected: set[str]
) -> None:
    for name in NEEDS:
        assert asks(surface, body, (name,)) == expected & {name}


def test_a_picture_in_a_tools_result_is_one() -> None:
    call = {"type": "tool_use", "id": "a", "name": "t", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "image", "source": SOURCE}],
    }
    body = messages(tools=[TOOL]) | {
        "messages": [user(), {"role": "assistant", "content": [call]}, user(result)]
    }
    assert asks("messages", body) == {"images"}


@pytest.mark.parametrize("surface", ["messages", "chat", "responses"])
def test_a_prompt_that_speaks_of_images_and_schemas_needs_none(surface: str) -> None:
    text = '{"type": "image", "json_schema": "document", "thinking": "custom", "tool_choice"}'
    kind = "input_text" if surface == "responses" else "text"
    build = {"messages": messages, "chat": chat, "responses": responses}[surface]
    assert asks(surface, build({"type": kind, "text": text})) == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["image", "schema", "custom"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "image", "schema"]), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = ("messages", "input", "tools", "thinking", "text", "tool_choice", "response_format")


@pytest.mark.parametrize("surface", ["messages", "chat", "responses"])
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_whatever_a_body_holds_there_is_an_answer(surface: str, body: dict[str, Any]) -> None:
    assert asks(surface, body) <= set(NEEDS)
    assert asks(surface, {"messages": "image", "input": "image"}) == set()


def test_a_model_nobody_said_anything_of_may_be_able_to_think() -> None:
    plain = Abilities()
    assert lacking(plain, known=False) == {"custom_tools"}
    assert lacking(plain, known=True) == {"custom_tools", "thinking"}
    assert lacking(Abilities(efforts=("low",)), known=True) == {"custom_tools"}
    assert lacking(Abilities(images=False, custom_tools=True), known=False) == {"images"}


ASKED = {"type": "tool_use", "id": "a", "name": "t", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "ok"}
TOOL_TURN = {"role": "tool", "tool_call_id": "a", "content": "ok"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "ok"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [user(RESULT)]}, True),
        ({"messages": [user(RESULT, {"type": "text", "text": "note"})]}, True),
        ({"messages": [user({"type": "text", "text": '"tool_result"'})]}, False),
        ({"messages": [{"role": "user", "content": "tool_result"}]}, False),
        ({"messages": [user(RESULT), {"role": "assistant", "content": "x"}, user()]}, False),
        ({"messages": [user(), TOOL_TURN]}, True),
        ({"messages": [user(), TOOL_TURN, user()]}, False),
        ({"input": [OUTPUT]}, True),
        ({"input": [{**OUTPUT, "type": "custom_tool_call_output"}]}, True),
        ({"input": [OUTPUT, user()]}, False),
        ({"input": "text"}, False),
        ({"messages": []}, False),
        ({"messages": 5}, False),
        ({"messages": [5]}, False),
        ({}, False),
    ],
)
def test_a_tool_loop_is_a_request_whose_last_word_is_a_tools_result(
    body: dict[str, Any], expected: bool
) -> None:
    assert brings_results(Envelope(json.dumps(body).encode())) is expected
