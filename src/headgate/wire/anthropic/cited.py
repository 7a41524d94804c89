"""How Anthropic cites: what a citation of its means, and how others are said as one.

Facts: SDK 2.11.0's types; Anthropic refuses a page's citation without the proof it gave itself.
Rule 1: a page that another vendor cites has a mark of ours in that proof's place, by which it
is known, and taken out, should the conversation go to Anthropic later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headgate.wire import seal
from headgate.wire.citation import PAGE, known
from headgate.wire.meaning import Object

_FOUND = "web_search_result_location"
_PROOF = "encrypted_index"
_OWN = frozenset(
    (
        "char_location",
        "content_block_location",
        "page_location",
        "search_result_location",
        _FOUND,
    )
)


def heard(citations: Iterable[Any]) -> list[Object]:
    """A page's in the form that every dialect reads; any other as it is."""
    return known(
        {**one, "type": PAGE} if one.get("type") == _FOUND else one
        for one in citations
        if isinstance(one, dict)
    )


def say(citation: Object) -> Object | None:
    """The citation for a caller; None when Anthropic has no word for it."""
    if citation.get("type") != PAGE:
        return citation if citation.get("type") in _OWN else None
    return {
        "type": _FOUND,
        "cited_text": citation.get("cited_text") or "",
        "url": citation["url"],
        "title": citation["title"] or None,
        _PROOF: citation.get(_PROOF) or seal.START,
    }


def send(citation: Object) -> Object | None:
    """The citation for Anthropic itself, who must have proven it; None when it has not."""
    said = say(citation)
    if said is not None and said["type"] == _FOUND:
        proof = said.get(_PROOF)
        if not isinstance(proof, str) or proof.startswith(seal.START):
            return None
    return said
