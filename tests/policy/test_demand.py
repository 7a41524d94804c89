"""What a price depends on is found in the bytes of a body."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from headgate.policy.demand import (
    IMAGE_TOKENS,
    MORE_TOKENS,
    MOST_SEARCHES,
    NOT_SAID,
    TOOL_TOKENS,
    Demand,
    read,
)
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Terms

SEPARATORS = ((",", ":"), (", ", ": "))


def demand(surface: str, spaced: bool = False, **members: Any) -> Demand:
    body = json.dumps({"model": "m", **members}, separators=SEPARATORS[spaced])
    return read(SURFACES[surface], Envelope(body.encode()))


def said(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def test_a_plain_call_demands_its_bytes_and_its_own_bound() -> None:
    found = demand("messages", max_tokens=100, messages=said({"type": "text", "text": "hi"}))
    assert (found.output, found.extra, found.elsewhere) == (100, MORE_TOKENS, False)
    assert found.terms is STANDARD
    assert found.bytes > 60


@pytest.mark.parametrize(
    ("surface", "members", "output"),
    [
        ("chat", {"max_tokens": 5}, 5),
        ("chat", {"max_tokens": 5, "max_completion_tokens": 7}, 7),
        ("chat", {"max_tokens": 5, "max_completion_tokens": None}, 5),
        ("chat", {}, NOT_SAID),
        ("chat", {"max_tokens": "many"}, NOT_SAID),
        ("responses", {"max_output_tokens": 9}, 9),
        ("messages", {"max_tokens": 0}, 0),
    ],
)
def test_the_bound_of_an_answer_is_the_one_that_the_vendor_reads(
    surface: str, members: dict[str, Any], output: int
) -> None:
    assert demand(surface, **members).output == output


def test_the_older_name_of_the_bound_is_read_beside_the_newer_one() -> None:
    assert demand("chat", max_tokens=5, max_completion_tokens=7).older == 5
    assert demand("chat", max_completion_tokens=7).older == NOT_SAID
    assert demand("messages", max_tokens=5).older == NOT_SAID


@pytest.mark.parametrize("surface", ["embeddings", "count_tokens"])
def test_what_does_not_answer_with_text_has_no_output(surface: str) -> None:
    assert demand(surface, input="words", max_tokens=7).output == 0


@pytest.mark.parametrize(
    ("given", "choices"),
    [(3, 3), (0, 1), (None, 1), ("x", 1), (10**6, 10**6), ("40", 40), (40.0, 40)],
)
def test_several_choices_are_several_answers_on_chat_alone(given: Any, choices: int) -> None:
    assert demand("chat", n=given).choices == choices
    assert demand("messages", n=given).choices == 1


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize(
    ("surface", "part"),
    [
        ("messages", {"type": "image", "source": {"type": "base64", "data": "aGk="}}),
        ("messages", {"type": "image", "source": {"type": "url", "url": "https://x.example"}}),
        ("chat", {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}),
        ("responses", {"type": "input_image", "image_url": "https://x.example/a.png"}),
    ],
)
def test_an_image_counts_as_much_as_an_image_may(
    surface: str, part: dict[str, Any], spaced: bool
) -> None:
    turns = said({"type": "text", "text": "look"}, part, part)
    found = demand(surface, spaced, **{"messages": turns, "input": turns})
    images = found.extra - MORE_TOKENS
    assert images >= 2 * IMAGE_TOKENS[surface] or found.elsewhere


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize(
    ("surface", "part"),
    [
        ("messages", {"type": "document", "source": {"type": "url", "url": "https://x"}}),
        ("messages", {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        ("messages", {"type": "document",
                      "source": {"type": "base64", "media_type": "application/pdf"}}),
        ("messages", {"type": "tool_result", "content": [
            {"type": "document", "source": {"type": "file", "file_id": "f"}}]}),
        ("chat", {"type": "file", "file": {"file_id": "f"}}),
        ("responses", {"type": "input_file", "file_url": "https://x"}),
        ("responses", {"type": "input_image", "file_id": "f"}),
        ("responses", {"type": "item_reference", "id": "rs_1"}),
    ],
)  # fmt: skip
def test_a_file_may_hold_as_much_as_the_window(
    surface: str, part: dict[str, Any], spaced: bool
) -> None:
    turns = said(part)
    assert demand(surface, spaced, **{"messages": turns, "input": turns}).elsewhere


def escaped(text: str) -> str:
    """The same JSON, every letter of its words written as an escape."""
    return re.sub(r"(?<=[\"\w])(?<!\\)[A-Za-z0-9_/](?=\w*\")", _as_escape, text)


def _as_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"


@pytest.mark.parametrize(
    ("surface", "parts"),
    [
        ("messages", [{"type": "image", "source": {"type": "base64", "data": "aGk="}}]),
        ("messages", [{"type": "document", "source": {"type": "file", "file_id": "f"}}]),
        ("messages", [{"type": "text", "text": "hi", "cache_control": {"ttl": "1h"}}]),
        ("chat", [{"type": "file", "file": {"file_id": "f"}}]),
        ("chat", [{"type": "image_url", "image_url": {"url": "https://x.example"}}] * 2),
        ("responses", [{"type": "input_file", "file_url": "https://x"}]),
    ],
)
def test_what_is_written_in_escapes_is_read_as_what_it_says(
    surface: str, parts: list[dict[str, Any]]
) -> None:
    turns = json.dumps(said(*parts))
    plain = f'{{"model":"m","messages":{turns}}}'
    odd = f'{{"model":"m","messages":{escaped(turns)}}}'
    assert json.loads(odd) == json.loads(plain)
    assert '"type"' not in odd
    found, wanted = (read(SURFACES[surface], Envelope(it.encode())) for it in (odd, plain))
    assert found._replace(bytes=0) == wanted._replace(bytes=0)
    assert wanted.extra > MORE_TOKENS or wanted.elsewhere or wanted.for_hour


def test_a_slash_that_is_escaped_as_some_clients_do_it_hides_no_file() -> None:
    part = '{"type":"document","source":{"type":"base64","media_type":"application\\/pdf"}}'
    body = f'{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}'
    assert read(SURFACES["messages"], Envelope(body.encode())).elsewhere


def test_escapes_that_cannot_be_read_are_taken_for_the_dearest() -> None:
    body = b'{"model":"m","messages":["\\u0041"],"temperature":1e999}'
    found = read(SURFACES["messages"], Envelope(body))
    assert (found.elsewhere, found.marked, found.for_hour) == (True, True, True)


def test_servers_of_tools_that_the_vendor_asks_bring_what_nobody_knows() -> None:
    server = {"type": "url", "url": "https://mcp.example", "name": "x"}
    assert demand("messages", mcp_servers=[server]).elsewhere
    assert not demand("messages", mcp_servers=[]).elsewhere
    assert not demand("messages", mcp_servers=None).elsewhere


@pytest.mark.parametrize(
    "members",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": {"id": "c"}},
        {"prompt": {"id": "p"}},
        {"tools": [{"type": "mcp", "server_url": "https://x"}]},
        {"tools": [{"type": "file_search"}]},
        {"tools": [{"type": "something_new"}]},
        {"tools": "nonsense"},
    ],
)
def test_what_is_kept_or_fetched_elsewhere_is_known(members: dict[str, Any]) -> None:
    assert demand("responses", input="hi", **members).elsewhere


def test_words_about_files_and_images_are_only_words() -> None:
    text = 'the "source" of {"type":"image","file_id":"x"} is "application/pdf", "1h"'
    call = {"type": "tool_use", "name": "WebFetch", "input": {"url": "https://x", "file": "a"}}
    found = demand("messages", messages=said({"type": "text", "text": text}, call))
    assert (found.elsewhere, found.extra, found.marked) == (False, MORE_TOKENS, False)
    found = demand("responses", input=text, previous_response_id=None)
    assert (found.elsewhere, found.extra) == (False, MORE_TOKENS)


@pytest.mark.parametrize(
    "tool",
    [
        {"name": "Read", "input_schema": {"type": "object"}},
        {"type": "custom", "name": "web_search"},
        {"type": "function", "name": "x"},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "local_shell"},
    ],
)
def test_tools_that_the_caller_runs_bring_nothing_from_elsewhere(tool: dict[str, Any]) -> None:
    found = demand("responses", tools=[tool])
    assert (found.elsewhere, found.searches) == (False, 0)
    assert found.extra == MORE_TOKENS + TOOL_TOKENS


@pytest.mark.parametrize(
    ("surface", "members", "searches"),
    [
        ("messages", {"tools": [{"type": "web_search_20250305", "max_uses": 3}]}, 3),
        ("messages", {"tools": [{"type": "web_search_20250305"}]}, MOST_SEARCHES),
        ("responses", {"tools": [{"type": "web_search"}], "max_tool_calls": 2}, 2),
        ("responses", {"tools": [{"type": "web_search_preview"}]}, MOST_SEARCHES),
        ("chat", {"web_search_options": {}}, MOST_SEARCHES),
        ("chat", {"web_search_options": None}, 0),
    ],
)
def test_searches_are_bounded_by_what_the_caller_says(
    surface: str, members: dict[str, Any], searches: int
) -> None:
    found = demand(surface, **members)
    assert found.searches == searches
    assert found.elsewhere is bool(searches)


@pytest.mark.parametrize("spaced", [False, True])
def test_breakpoints_of_a_cache_and_their_hour_are_seen(spaced: bool) -> None:
    mark: dict[str, Any] = {"type": "ephemeral"}
    block = {"type": "text", "text": "hi", "cache_control": mark}
    found = demand("messages", spaced, system=[block])
    assert (found.marked, found.for_hour) == (True, False)
    mark["ttl"] = "1h"
    assert demand("messages", spaced, system=[block]).for_hour
    assert demand("messages", spaced, cache_control=mark).for_hour


def test_a_call_that_may_be_translated_keeps_its_breakpoints() -> None:
    plain = demand("chat", messages=said({"type": "text", "text": "hi"}))
    assert (plain.marked, plain.for_hour) == (True, False)
    mark = {"type": "text", "text": "hi", "prompt_cache_breakpoint": {"ttl": "12h"}}
    assert demand("responses", input=said(mark)).for_hour
    assert demand("responses", input="hi", prompt_cache_options={"ttl": "12h"}).for_hour


def test_terms_are_read_and_unknown_ones_are_standard() -> None:
    assert demand("chat", service_tier="priority").terms == Terms(tier="priority")
    assert demand("messages", speed="fast", inference_geo="us").terms == Terms("", "fast", "us")
    assert demand("chat", service_tier="gold").terms == STANDARD
    assert demand("chat", service_tier=7).terms == STANDARD


def test_a_proposed_answer_may_be_paid_for_although_it_is_rejected() -> None:
    prediction = {"type": "content", "content": "x" * 500}
    assert demand("chat", prediction=prediction).predicted >= 500
