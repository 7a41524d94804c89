"""Anthropic's citations: pages that others can read too, and proofs that only it can give."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import TextBlock

from headgate.wire import seal
from headgate.wire.anthropic import cited
from headgate.wire.citation import PAGE

FOUND: dict[str, Any] = {
    "type": "web_search_result_location",
    "url": "https://a.example",
    "title": "A",
    "cited_text": "As it says.",
    "encrypted_index": "Eo8B",
}
CHARS = {"type": "char_location", "cited_text": "x", "document_index": 0}


@pytest.mark.parametrize("citation", [FOUND, {**FOUND, "title": None}, CHARS])
def test_what_anthropic_cites_is_heard_and_said_again_as_it_was(
    citation: dict[str, Any],
) -> None:
    (one,) = cited.heard([citation])
    assert cited.say(one) == cited.send(one) == citation


def test_a_page_is_heard_in_words_that_every_dialect_has() -> None:
    (one,) = cited.heard([FOUND])
    assert (one["type"], one["url"], one["title"]) == (PAGE, "https://a.example", "A")
    assert cited.heard([{"type": "web_search_result_location"}, 5, {"type": PAGE}]) == []


def test_another_vendors_page_is_shown_to_callers_and_never_sent_to_anthropic() -> None:
    theirs = {"type": PAGE, "url": "https://a.example", "title": ""}
    said = cited.say(theirs)
    assert said == {**FOUND, "title": None, "cited_text": "", "encrypted_index": seal.START}
    block = TextBlock.model_validate({"type": "text", "text": "a", "citations": [said]})
    assert block.citations is not None
    assert block.citations[0].type == "web_search_result_location"
    assert cited.send(theirs) is None
    (sent_back,) = cited.heard([said])
    assert cited.send(sent_back) is None


def test_a_file_in_openais_store_has_no_word_here() -> None:
    assert cited.say({"type": "file_citation", "file_id": "f"}) is None
