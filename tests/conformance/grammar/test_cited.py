"""The judges of all three dialects on pages that an answer cites: where and how they stand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from headgate.conformance.grammar.check import check
from headgate.conformance.grammar.verdict import Wish
from headgate.conformance.saying import Bit, sent, stream_of
from tests.conformance.grammar.whole import whole

PAGES = ("https://a.example", "https://b.example")
BITS = [Bit("text", ("as ", "it says"), cited=PAGES), Bit("text", ("more",))]
ASKED = Wish(usage_chunk=True, ours=False)
OURS = Wish(usage_chunk=True)
Change = Callable[[list[Any]], None]


def cites(events: list[Any]) -> list[Any]:
    """The events that cite, in whichever dialect."""
    return [
        event
        for event in events
        if isinstance(event, dict)
        and any(name in json.dumps(event) for name in ("citations_delta", '"annotations": [{'))
    ]


@pytest.mark.parametrize("dialect", ["anthropic", "openai_chat", "openai_responses"])
def test_a_judge_knows_the_pages_that_were_cited(dialect: str) -> None:
    verdict = whole(dialect, b"".join(sent(dialect, stream_of(dialect, BITS, "end"))), ASKED)
    assert [page for part in verdict.parts for page in part.cited] == list(PAGES)
    assert verdict.message()["parts"][0][-1] == list(PAGES)


def inside(event: Any) -> Any:
    return event["choices"][0]["delta"]["annotations"][0]["url_citation"]


def added(events: list[Any]) -> list[Any]:
    return [it for it in events if it.get("type", "").endswith("annotation.added")]


def twice(events: list[Any]) -> None:
    events.insert(events.index(cites(events)[0]), copy.deepcopy(cites(events)[0]))


BROKEN: list[tuple[str, Change, str]] = [
    ("anthropic", lambda it: cites(it)[0]["delta"]["citation"].pop("type"), "without a type"),
    ("anthropic", lambda it: cites(it)[0]["delta"]["citation"].pop("url"), "without url"),
    (
        "anthropic",
        lambda it: cites(it)[0]["delta"]["citation"].pop("encrypted_index"),
        "without encrypted_index",
    ),
    ("anthropic", lambda it: it.insert(2, cites(it)[0]), "a delta while no block is open"),
    ("openai_chat", twice, "annotations twice"),
    ("openai_chat", lambda it: it.insert(1, it.pop(3)), "annotations without text"),
    ("openai_chat", lambda it: inside(cites(it)[0]).pop("url"), "that names no page"),
    ("openai_chat", lambda it: inside(cites(it)[0]).pop("title"), "a page without a title"),
    (
        "openai_chat",
        lambda it: inside(cites(it)[0]).update(end_index=99),
        "a citation of no place in the text",
    ),
    (
        "openai_responses",
        lambda it: it.remove(added(it)[1]),
        "the part is done with other annotations",
    ),
    (
        "openai_responses",
        lambda it: added(it)[1].update(annotation_index=0),
        "not the next annotation_index",
    ),
    (
        "openai_responses",
        lambda it: added(it)[0].update(content_index=1),
        "an annotation of another part",
    ),
    (
        "openai_responses",
        lambda it: it.insert(3, it.pop(it.index(added(it)[0]))),
        "an annotation while no part is open",
    ),
]


@pytest.mark.parametrize(("dialect", "change", "rule"), BROKEN)
def test_a_citation_out_of_place_is_blamed(dialect: str, change: Change, rule: str) -> None:
    events: list[Any] = copy.deepcopy(list(stream_of(dialect, BITS, "end")))
    if dialect != "openai_responses":
        change(events)
    else:
        change(events)
        for number, event in enumerate(events):
            event["sequence_number"] = number
    rules = check(dialect, b"".join(sent(dialect, events)), OURS).rules
    assert any(rule in one for one in rules), rules


def test_a_step_of_a_search_belongs_into_a_search() -> None:
    events: list[Any] = list(stream_of("openai_responses", BITS, "end"))
    place = {"item_id": "item_0", "output_index": 0}
    events.insert(3, {"type": "response.web_search_call.searching", **place})
    rules = check("openai_responses", b"".join(sent("openai_responses", events)), ASKED).rules
    assert "a search's step outside of a search" in rules
