"""Short ways to ask in the Messages dialect, and asks of every kind, for the tests here."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from headgate.wire import anthropic
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Role, Text, Turn
from headgate.wire.model import Fault

NEWEST = Abilities(
    thinking=("adaptive", "off"),
    efforts=("low", "medium", "high", "xhigh", "max"),
    max_output=128_000,
)
OLD = Abilities(thinking=("on", "off"), prefill=True, system_turns=False, max_output=64_000)
ANYTHING = Abilities(
    thinking=("on", "adaptive", "off", "between_tools"),
    efforts=("low", "medium", "high", "xhigh", "max"),
    prefill=True,
)


def heard(losses: Losses | None = None, **members: Any) -> Ask:
    """What a request with these members means."""
    body = {"model": "m", "max_tokens": 100, "messages": [user("hi")], **members}
    return anthropic.decode_ask(json.dumps(body).encode(), losses or Losses())


def refused(body: dict[str, Any]) -> Fault | None:
    """The fault that reading it raises."""
    try:
        anthropic.decode_ask(json.dumps(body).encode(), Losses())
    except Fault as fault:
        return fault
    return None


def lost(**members: Any) -> list[str]:
    """What is named as lost when a request with these members is read."""
    losses = Losses()
    heard(losses, **members)
    return [str(loss) for loss in losses.all]


def said(
    ask: Ask,
    abilities: Abilities = NEWEST,
    losses: Losses | None = None,
    *,
    stream: bool = False,
) -> dict[str, Any]:
    """The request's body that Anthropic gets."""
    aim = Aim("claude", abilities, stream)
    members: dict[str, Any] = json.loads(anthropic.encode_ask(ask, aim, losses or Losses())[0])
    return members


def named(ask: Ask, abilities: Abilities = NEWEST) -> list[str]:
    """What is named as lost when an Ask is said; what is grave begins with !."""
    losses = Losses()
    said(ask, abilities, losses)
    return ["!" * loss.grave + str(loss) for loss in losses.all]


def asking(*turns: Turn, **members: Any) -> Ask:
    return Ask("m", list(turns) or [turn(Role.USER, "hi")], **members)


def turn(role: Role, text: str) -> Turn:
    return Turn(role, [Text(text)])


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def claude(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def call(id: str, name: str = "a", /, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def result(id: str, content: Any = "done", **members: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **members}


_WORDS = st.text("abc \nä€😀", min_size=1).filter(lambda text: not text.isspace())
_NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
_CONTROL = st.fixed_dictionaries(
    {"type": st.just("ephemeral")}, optional={"ttl": st.sampled_from(["5m", "1h"])}
)
_TEXT = st.fixed_dictionaries({"type": st.just("text"), "text": _WORDS})
_SOURCE = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("base64"), "media_type": st.just("image/png"), "data": st.just("AAAA")}
    ),
    st.fixed_dictionaries({"type": st.just("url"), "url": st.just("https://x/y.png")}),
)
_IMAGE = st.fixed_dictionaries({"type": st.just("image"), "source": _SOURCE})
_DOCUMENT = st.fixed_dictionaries(
    {
        "type": st.just("document"),
        "source": st.fixed_dictionaries(
            {"type": st.just("text"), "media_type": st.just("text/plain"), "data": _WORDS}
        )
        | st.fixed_dictionaries(
            {
                "type": st.just("base64"),
                "media_type": st.just("application/pdf"),
                "data": st.just("JVBE"),
            }
        ),
    },
    optional={
        "title": _WORDS,
        "context": _WORDS,
        "citations": st.just({"enabled": True}),
    },
)
_OWN = st.one_of(
    _TEXT,
    st.fixed_dictionaries(
        {"type": st.just("thinking"), "thinking": st.text(), "signature": _NAMES}
    ),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": _NAMES}),
    st.fixed_dictionaries(
        {"type": st.just("server_tool_use"), "id": _NAMES, "input": st.just({"q": [1, "ä"]})}
    ),
)
_MEDIA = st.lists(_TEXT | _IMAGE | _DOCUMENT, min_size=1, max_size=3)


@st.composite
def _rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation in which every call is answered."""
    messages = [user(draw(_MEDIA))]
    for number in range(draw(st.integers(0, 3))):
        ids = [f"toolu_{number}_{i}" for i in range(draw(st.integers(0, 2)))]
        own = draw(st.lists(_OWN, max_size=3))
        tools = [call(id, draw(_NAMES), **draw(st.dictionaries(_NAMES, _WORDS))) for id in ids]
        messages.append(claude([*own, *tools, *([] if tools else [block("so")])]))
        results = [
            result(id, draw(_WORDS | _MEDIA.filter(lambda m: len(m) > 1)), **failed)
            for id in draw(st.permutations(ids))
            for failed in [{"is_error": True} if draw(st.booleans()) else {}]
        ]
        messages.append(user([*results, *draw(_MEDIA)]))
    return messages


_TOOLS = st.lists(
    st.fixed_dictionaries(
        {
            "name": _NAMES,
            "input_schema": st.just(
                {"type": "object", "properties": {"x": {"type": "string"}}}
            ),
        },
        optional={"description": _WORDS, "cache_control": _CONTROL},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda tool: str(tool["name"]),
)
REQUESTS = st.fixed_dictionaries(
    {
        "model": st.just("claude"),
        "max_tokens": st.integers(2000, 9000),
        "messages": _rounds(),
        "tools": _TOOLS,
    },
    optional={
        "system": st.lists(_TEXT, min_size=1, max_size=3),
        "tool_choice": st.sampled_from(
            [
                {"type": "auto"},
                {"type": "none"},
                {"type": "any", "disable_parallel_tool_use": True},
            ]
        ),
        "stop_sequences": st.lists(_WORDS, min_size=1, max_size=3),
        "cache_control": _CONTROL,
        "service_tier": st.sampled_from(["auto", "standard_only"]),
        "output_config": st.fixed_dictionaries(
            {"effort": st.sampled_from(["low", "medium", "high", "xhigh", "max"])}
        ),
    },
)
"""requests of which nothing is lost on the way to Anthropic"""
