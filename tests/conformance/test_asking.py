"""Each client's request says the same conversation, and the upstream's ear understands it."""

from __future__ import annotations

import json

import pytest

from headgate.conformance.asking import ask
from headgate.conformance.case import SURFACES
from headgate.conformance.hearing import hear
from headgate.conformance.objections import objections
from headgate.conformance.talk import (
    Paper,
    Picture,
    Result,
    Talk,
    Tool,
    Turn,
    Use,
    Words,
    replied,
    said,
)

MARK = "hgc-0123456789"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
TALK = Talk(
    (
        said("go"),
        replied(Words("let me look"), Use("c1", "look", {"city": "Oslo"})),
        Turn("user", (Result("c1", (Words("rain"),)),)),
        Turn("user", (Words("and this?"), Picture("aaaa"), Paper("bbbb"))),
    ),
    ("be brief",),
    (Tool("look", CITY),),
    "look",
    500,
    effort="high",
    user="u1",
)


@pytest.mark.parametrize("surface", SURFACES)
def test_what_is_asked_is_what_is_heard(surface: str) -> None:
    body = json.dumps(ask(surface, TALK, "m", MARK)).encode()
    assert MARK.encode() in body
    heard = hear(surface, body)
    assert heard.flat() == TALK.flat()
    assert (heard.system, heard.choice, heard.most) == (TALK.system, TALK.choice, TALK.most)
    assert [(tool.name, tool.schema) for tool in heard.tools] == [("look", CITY)]
    assert (heard.effort, heard.user, heard.stream) == ("high", "u1", True)
    assert objections(surface, heard) == []


@pytest.mark.parametrize("surface", ["chat", "responses"])
def test_free_text_tools_are_offered_and_called_as_such(surface: str) -> None:
    past = (said("go"), replied(Use("c1", "exec", "ls")), Turn("user", (Result("c1"),)))
    talk = Talk(past, tools=(Tool("exec"),), stream=False)
    heard = hear(surface, json.dumps(ask(surface, talk, "m", MARK)).encode())
    assert heard.parts(Use) == [Use("c1", "exec", "ls")]
    assert heard.tools == (Tool("exec"),)
    assert not heard.stream
    assert objections(surface, heard) == []


def test_groups_of_tools_are_said_as_groups() -> None:
    talk = Talk((said("go"),), tools=(Tool("a", CITY, "one"), Tool("a", CITY, "two")))
    body = ask("responses", talk, "m", MARK)
    assert [tool["type"] for tool in body["tools"]] == ["namespace", "namespace"]
    assert hear("responses", json.dumps(body).encode()).tools == talk.tools


def test_a_mark_is_found_even_where_the_user_says_nothing() -> None:
    talk = Talk((replied(Words("hm")),))
    assert MARK in json.dumps(ask("chat", talk, "m", MARK))


@pytest.mark.parametrize(
    ("surface", "field"),
    [("messages", "stop_sequences"), ("chat", "stop"), ("chat", "response_format")],
)
def test_settings_go_where_the_dialect_has_them(surface: str, field: str) -> None:
    talk = Talk((said("go"),), stop=("END",), json=surface == "chat")
    assert field in ask(surface, talk, "m", MARK)
