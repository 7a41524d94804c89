"""Which answers may be given again, which may be kept for it, and what callers say to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.engine.tally import Tally
from headgate.policy.replycache import FREE, Control, Led, allows, may_keep
from headgate.wire import SURFACES
from headgate.wire.call import Caller, open_call
from headgate.wire.envelope import Envelope
from headgate.wire.model import Ending, Fault, Kind
from headgate.wire.reading import Reading

TEXT = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
MESSAGES = {"model": "m", "max_tokens": 9, "messages": [TEXT]}
CHAT = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "m", "temperature": 0, "input": "hi"}


def opened(body: Any) -> Envelope:
    return Envelope(json.dumps(body).encode())


# ---- what may be given again

DETERMINED = [
    ({**MESSAGES, "temperature": 0}, "messages"),
    (CHAT, "chat"),
    (RESPONSES, "responses"),
]


@pytest.mark.parametrize(("body", "surface"), DETERMINED)
def test_what_leaves_nothing_to_chance_may_be_given_again(
    body: dict[str, Any], surface: str
) -> None:
    for temperature in (0, 0.0, -0.0):
        envelope = opened({**body, "temperature": temperature, "n": None, "tools": []})
        assert allows("deterministic", envelope, surface)
        assert allows("all", envelope, surface)
        assert not allows("off", envelope, surface)
        assert not allows("", envelope, surface)


CHANCE: list[dict[str, Any]] = [
    {"temperature": None},
    {"temperature": 1},
    {"temperature": 0.01},
    {"temperature": "0"},
    {"temperature": False},
    {"n": 2},
    {"tools": [{"name": "t"}]},
    {"functions": [{"name": "t"}]},
    {"web_search_options": {"search_context_size": "low"}},
    {"store": True},
    {
        "messages": [
            {"content": [{"type": "image_url", "image_url": {"url": "https://a.example"}}]}
        ]
    },
    {"messages": [{"content": [{"source": {"type": "url", "url": "http://a.example/x.pdf"}}]}]},
    {"input": [{"content": [{"type": "input_image", "image_url": "https://a.example"}]}]},
]


@pytest.mark.parametrize("member", CHANCE)
def test_what_leaves_something_to_chance_is_given_again_only_where_all_is(
    member: dict[str, Any],
) -> None:
    for body, surface in DETERMINED:
        envelope = opened({**body, **member})
        assert not allows("deterministic", envelope, surface)
        assert allows("all", envelope, surface)


def test_a_temperature_that_is_not_named_is_not_0() -> None:
    assert not allows("deterministic", opened(MESSAGES), "messages")
    assert allows("all", opened(MESSAGES), "messages")


def test_a_picture_that_is_in_the_request_does_not_change() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    told = {"role": "user", "content": 'the member "url": "http://a.example" is a text'}
    body = {**CHAT, "messages": [{"role": "user", "content": [image]}, told]}
    assert allows("deterministic", opened(body), "chat")


ELSEWHERE: list[dict[str, Any]] = [
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"conversation": {"id": "conv_1"}},
    {"background": True},
    {"container": "container_1"},
    {"thread": "t"},
    {"prompt": {"id": "pmpt_1"}},
    {"mcp_servers": [{"url": "u"}]},
    {"tools": [{"type": "mcp", "server_url": "u"}]},
    {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    {"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]},
    {"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
    {"prompt_cache_options": {"prewarm": True}},
    {"max_tokens": 0},
]


@pytest.mark.parametrize("member", ELSEWHERE)
@pytest.mark.parametrize("mode", ["deterministic", "all"])
def test_what_goes_on_from_or_acts_on_something_elsewhere_is_never_given_again(
    mode: str, member: dict[str, Any]
) -> None:
    for body, surface in DETERMINED:
        assert not allows(mode, opened({**body, **member}), surface)


def test_a_request_that_hides_its_names_is_never_given_again() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://a.example/cat"}}
    seen = {**CHAT, "messages": [{"role": "user", "content": [part]}]}
    hidden = (
        json.dumps(seen)
        .replace('"url"', '"\\u0075rl"')
        .replace('"image_url"', '"image\\u005furl"')
    )
    assert json.loads(hidden) == seen
    assert not allows("deterministic", Envelope(hidden.encode()), "chat")
    accents = json.dumps({**CHAT, "user": "Zoë <&> 猫"}).encode()
    assert b"\\u00eb" in accents
    assert allows("deterministic", Envelope(accents), "chat")


def test_members_that_say_nothing_refer_to_nothing() -> None:
    nothing: dict[str, Any] = {
        "previous_response_id": None,
        "background": False,
        "mcp_servers": [],
    }
    assert allows("deterministic", opened({**RESPONSES, **nothing}), "responses")


def test_a_tool_that_the_client_runs_may_be_called_again_where_all_may() -> None:
    tools = [{"type": "web_search"}, {"type": "function", "name": "shell"}, {"name": "mcp"}]
    assert allows("all", opened({**CHAT, "tools": tools}), "chat")


def test_an_embedding_is_the_same_every_time_and_a_count_costs_nothing() -> None:
    for mode in ("deterministic", "all"):
        assert allows(mode, opened({"model": "m", "input": "hi"}), "embeddings")
        assert not allows(mode, opened({**MESSAGES, "temperature": 0}), "count_tokens")


# ---- what the caller says


@pytest.mark.parametrize(
    ("field", "control"),
    [
        (b"no-store", Control(no_store=True)),
        (b"No-Cache", Control(no_cache=True)),
        (b"max-age=60", Control(max_age_s=60)),
        (b"max-age=0", Control(no_cache=True, max_age_s=0)),
        (b'max-age="5"', Control(max_age_s=5)),
        (b"max-age=soon", Control(no_cache=True, max_age_s=0)),
        (b"max-age=9, max-age=3", Control(max_age_s=3)),
        (b"no-cache ,NO-STORE", Control(no_store=True, no_cache=True)),
        (b"only-if-cached, max-stale=1, x", FREE),
        (b"", FREE),
    ],
)
def test_cache_control_is_heeded(field: bytes, control: Control) -> None:
    assert Control.of({b"cache-control": field}) == control


def test_who_says_nothing_may_be_given_anything() -> None:
    assert Control.of({}) is FREE
    assert Control() == FREE


# ---- what may be kept


@dataclass
class Over:
    """A call that is over, in the ordinary way unless said otherwise."""

    surface: str = "chat"
    status: int = 200
    ending: Ending | None = Ending.COMPLETE
    fault: Fault | None = None
    canned: bool = False
    lowered: bool = False
    reading: Reading = field(default_factory=lambda: Reading(content=True, stop="stop"))
    notes: list[Any] = field(default_factory=list)
    crossing: Any = None
    credential: str = "house"
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> Any:
        body = json.dumps({**CHAT, **self.asked}).encode()
        return open_call(SURFACES[self.surface], body, Caller([]), id="c")


BAD = SimpleNamespace(fault="overloaded")
THINKS = {"thinking": {"type": "adaptive"}}
SEALS = {"include": ["reasoning.encrypted_content"]}
LOST = SimpleNamespace(losses=["stop dropped"])


@pytest.mark.parametrize(
    "over",
    [
        Over(),
        Over(reading=Reading(content=True, stop="length")),
        Over(reading=Reading(content=True, stop="tool_use")),
        Over(surface="embeddings", reading=Reading()),
        Over(notes=[BAD]),
        Over(crossing=LOST),
        Over(asked=THINKS),
        Over(asked=SEALS),
        Over(asked={"thinking": {"type": "disabled"}}, credential="SECOND_KEY"),
        Over(credential="SECOND_KEY"),
    ],
)
def test_a_whole_answer_may_be_kept(over: Over) -> None:
    assert may_keep(over)


@pytest.mark.parametrize(
    "over",
    [
        Over(status=201),
        Over(status=529),
        *[Over(ending=it) for it in (None, *Ending) if it is not Ending.COMPLETE],
        Over(fault=Fault(Kind.UPSTREAM, "m")),
        Over(canned=True),
        Over(lowered=True),
        Over(reading=Reading()),
        Over(reading=Reading(content=True, fault=Fault(Kind.OVERLOADED, "m"))),
        *[
            Over(reading=Reading(content=True, stop=it))
            for it in ("refusal", "content_filter", "pause_turn", "compaction")
        ],
        Over(crossing=LOST, notes=[BAD, SimpleNamespace(fault="")]),
    ],
)
def test_what_is_not_whole_or_may_end_otherwise_is_not_kept(over: Over) -> None:
    assert not may_keep(over)


@pytest.mark.parametrize("asked", [THINKS, SEALS])
def test_thoughts_that_one_of_several_accounts_has_sealed_are_not_given_to_others(
    asked: dict[str, Any],
) -> None:
    assert not may_keep(Over(asked=asked, credential="SECOND_KEY"))


def test_a_tally_tells_all_that_has_to_be_known() -> None:
    needed = {name for name in vars(Led) if not name.startswith("_")}
    assert needed <= {*dir(Tally)}
