"""Parts become blocks that Anthropic takes, or somebody is told why not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from headgate.wire.ability import Abilities
from headgate.wire.anthropic.blocks import Media, say_result, say_text, say_thought
from headgate.wire.loss import Losses
from headgate.wire.meaning import Document, Image, Mark, Text, Thought, ToolResult
from tests.wire.anthropic.asks import block, result

EPHEMERAL = {"type": "ephemeral"}


def media(losses: Losses | None = None, **abilities: Any) -> Media:
    return Media(Abilities(**abilities), losses or Losses())


def source_of(document: Document) -> Any:
    return media().say(document)[0]["source"]


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_blanks_are_never_said(blank: str) -> None:
    assert say_text(Text(blank)) == []


def test_a_mark_is_said_with_its_lifetime() -> None:
    assert say_text(Text("a", Mark())) == [{**block("a"), "cache_control": EPHEMERAL}]
    assert say_text(Text("a", Mark("1h")))[0]["cache_control"] == {**EPHEMERAL, "ttl": "1h"}


def test_citations_are_said_where_they_are_anthropics_own() -> None:
    ours = {"type": "page_location", "page": 1}
    theirs = {"type": "url_citation", "url": "x", "title": ""}
    assert say_text(Text("a", citations=[ours, theirs])) == [
        {**block("a"), "citations": [ours]}
    ]
    assert say_text(Text("a", citations=[theirs])) == [block("a")]


def test_images_are_said_by_content_or_address() -> None:
    assert media().say(Image("image/png", "AAAA")) == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
        }
    ]
    assert media().say(Image(url="https://x", mark=Mark())) == [
        {
            "type": "image",
            "source": {"type": "url", "url": "https://x"},
            "cache_control": EPHEMERAL,
        }
    ]


def test_documents_are_said_with_all_that_is_known_of_them() -> None:
    document = Document("application/pdf", "JVBE", title="T", context="C", citations=True)
    assert media().say(document) == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            "title": "T",
            "context": "C",
            "citations": {"enabled": True},
        }
    ]


def test_text_in_a_file_is_said_as_text() -> None:
    plain = {"type": "text", "media_type": "text/plain", "data": "a,ä"}
    data = base64.b64encode("a,ä".encode()).decode()
    assert source_of(Document("text/plain", "a,ä")) == plain
    assert source_of(Document("text/csv", data)) == plain
    assert source_of(Document("application/json", data)) == plain
    assert source_of(Document(url="https://x")) == {"type": "url", "url": "https://x"}


@pytest.mark.parametrize(
    ("part", "abilities", "heals"),
    [
        (Image(url="https://x"), {"images": False}, "image_block"),
        (Image(file_id="file_1"), {}, ""),
        (Document(url="https://x"), {"documents": False}, "document_block"),
        (Document(file_id="file_1"), {}, ""),
        (Document("application/msword", "AAAA"), {}, "document_block"),
        (Document("text/csv", "not base64"), {}, "document_block"),
        (Document("text/csv", base64.b64encode(b"\xff").decode()), {}, "document_block"),
    ],
)
def test_what_the_model_cannot_see_is_refused_where_it_stood(
    part: Image | Document, abilities: dict[str, bool], heals: str
) -> None:
    losses = Losses()
    losses.place(part, "messages[0].content[1]")
    assert media(losses, **abilities).say(part) == []
    assert [(loss.field, loss.heals) for loss in losses.grave] == [
        ("messages[0].content[1]", heals)
    ]


@pytest.mark.parametrize(
    "thought", [Thought("t", "s", maker="openai_chat"), Thought("t", maker="anthropic")]
)
def test_a_thought_that_claude_did_not_sign_is_not_said(thought: Thought) -> None:
    assert say_thought(thought) == []


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ([], ""),
        ([Text("a")], "a"),
        ([Text("")], ""),
        ([Text("a", Mark())], [{**block("a"), "cache_control": EPHEMERAL}]),
        ([Text("a"), Text(" "), Text("b")], [block("a"), block("b")]),
    ],
)
def test_a_result_is_a_string_where_it_can_be(
    parts: list[Text | Image | Document], content: Any
) -> None:
    assert say_result(ToolResult("t", parts), "t", media()) == result("t", content)


def test_a_result_says_that_it_failed_and_how_far_to_cache() -> None:
    said = say_result(ToolResult("t", [Text("a")], True, Mark()), "u", media())
    assert said == {**result("u", "a"), "is_error": True, "cache_control": EPHEMERAL}
