"""How an Ask is said to Claude.

Facts: docs page "Messages" and SDK 2.11.0, as of 2026-11-20.
Rule 1: the same Ask is said with the same bytes every time, its fields always in one order.
Rule 2: nothing that names a person leaves: a user is said as a hash.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.ability import Abilities, Aim
from headgate.wire.anthropic.blocks import say_text
from headgate.wire.anthropic.reasoning import between_calls, say_reasoning
from headgate.wire.anthropic.schema import simplified
from headgate.wire.anthropic.tools import (
    LONGEST_NAME,
    control,
    say_choice,
    say_tools,
    tools_of_history,
)
from headgate.wire.anthropic.turns import Conversation
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Ask, Format, Mark, Object
from headgate.wire.model import Fault, Kind
from headgate.wire.naming import Lexicon, hidden

MOST_UNKNOWN = 32_768
"""the output's limit where neither the caller nor anybody else states one"""
ONE_OBJECT = "Answer with one JSON object and nothing else."
MOST_MARKS = 4
_LIFETIMES = {"": "", "5m": "5m", "1h": "1h", "30m": "1h", "12h": "1h"}
_TIERS: dict[str, Object] = {
    "auto": {"service_tier": "auto"},
    "standard": {"service_tier": "standard_only"},
    "priority": {"service_tier": "auto"},
    "fast": {"speed": "fast"},
}
_THINKS = ("enabled", "adaptive")
_LEAST_TOP_P = 0.95
"""while it thinks (docs page "Extended thinking", as of 2026-11-20)"""
_NO_TOP_K = "dropped: while it thinks, Claude takes no other than the default"


def encode_ask(ask: Ask, aim: Aim, losses: Losses) -> tuple[bytes, Lexicon]:
    """The request's body, and the way back from its tools' names."""
    lexicon = Lexicon(ask.tools, LONGEST_NAME)
    try:
        return msgspec.json.encode(_say(ask, aim, lexicon, losses)), lexicon
    except RecursionError:
        raise Fault(Kind.INVALID, "the request body is nested too deeply") from None


def _say(ask: Ask, aim: Aim, lexicon: Lexicon, losses: Losses) -> Object:
    abilities = aim.abilities
    most = _most(ask, abilities, losses)
    said: Object = {"model": aim.model, "max_tokens": most}
    if aim.stream:
        said["stream"] = True
    tools = say_tools(ask, lexicon, losses)
    choice = say_choice(ask, tools, lexicon, losses, forced=abilities.forced_tools)
    if not tools:
        tools = tools_of_history(ask, lexicon)
        choice = {"type": "none"} if tools else None
    thinking, output = _thought(ask, abilities, most, choice, losses)
    instruction = _formatted(ask.format, abilities, output, losses)
    system = [block for text in ask.system for block in say_text(text)]
    if instruction:
        system.append({"type": "text", "text": instruction})
    messages = _messages(ask, abilities, lexicon, losses)
    thinking = between_calls(thinking, messages, ask, losses)
    members: Object = {
        "system": system,
        "messages": messages,
        "tools": tools,
        "tool_choice": choice,
        "thinking": thinking,
        "output_config": output,
        "stop_sequences": _stops(ask, abilities, losses),
        **_sampling(ask, abilities, thinking, losses),
        **_terms(ask, losses),
    }
    said.update((name, value) for name, value in members.items() if value not in (None, [], {}))
    _mark(said, ask.mark, losses)
    return said


def _messages(ask: Ask, abilities: Abilities, lexicon: Lexicon, losses: Losses) -> list[Object]:
    conversation = Conversation(abilities, lexicon, losses)
    for turn in ask.turns:
        conversation.add(turn)
    return _continued(conversation.finish(), abilities, losses)


def _most(ask: Ask, abilities: Abilities, losses: Losses) -> int:
    limit = abilities.max_output
    if ask.max_output is None:
        return limit or MOST_UNKNOWN
    if limit is not None and ask.max_output > limit:
        losses.note("max_output", f"changed: lowered to {limit}, this model's most")
        return limit
    return ask.max_output


def _thought(
    ask: Ask, abilities: Abilities, most: int, choice: Object | None, losses: Losses
) -> tuple[Object | None, Object]:
    thinking, effort = say_reasoning(ask, abilities, most, losses)
    forced = choice is not None and choice["type"] in ("any", "tool")
    if forced and thinking is not None and thinking["type"] in _THINKS:
        thinking = None
        if ask.thinking is not None or not effort:
            name = "thinking" if ask.thinking is not None else "effort"
            losses.note(name, "dropped: Claude does not think where a tool is demanded")
    return thinking, {"effort": effort} if effort else {}


def _formatted(
    format: Format | None, abilities: Abilities, output: Object, losses: Losses
) -> str:
    """Put the answer's shape into `output`, or into the instruction that is returned."""
    if format is None:
        return ""
    if format.schema is None:
        return ONE_OBJECT
    simple = simplified(format.schema)
    if simple.open or not abilities.json_schema:
        losses.note("format", "changed: Claude is told the schema, it is not held to it")
        schema = msgspec.json.encode(format.schema).decode()
        return f"{ONE_OBJECT} It must match this JSON schema:\n{schema}"
    if simple.changed:
        losses.note("format", "changed: what Anthropic cannot enforce is said in descriptions")
    if format.description:
        simple.schema.setdefault("description", format.description)
    output["format"] = {"type": "json_schema", "schema": simple.schema}
    return ""


def _continued(messages: list[Object], abilities: Abilities, losses: Losses) -> list[Object]:
    """A conversation that ends with Claude's own words asks to go on with them."""
    last = messages[-1]
    if last["role"] != "assistant":
        return messages
    if not abilities.prefill:
        losses.refuse(
            "turns", "the last is the assistant's, and this model cannot go on with it"
        )
    block = last["content"][-1]
    if block["type"] == "text":
        block["text"] = block["text"].rstrip()
    return messages


def _stops(ask: Ask, abilities: Abilities, losses: Losses) -> list[str]:
    stops = [stop for stop in ask.stop if stop and not stop.isspace()]
    if len(stops) < len(ask.stop):
        losses.note("stop", "dropped: Claude cannot stop at blanks alone")
    if abilities.stops is not None and len(stops) > abilities.stops:
        losses.note("stop", f"dropped: all but the first {abilities.stops}")
        return stops[: abilities.stops]
    return stops


def _sampling(
    ask: Ask, abilities: Abilities, thinking: Object | None, losses: Losses
) -> Object:
    """Temperature and its kin, which newer models refuse, and older ones while they think."""
    given = {"temperature": ask.temperature, "top_p": ask.top_p, "top_k": ask.top_k}
    said = {name: value for name, value in given.items() if value is not None}
    if not abilities.sampling:
        for name, value in said.items():
            if value != 1 or name == "top_k":
                losses.note(name, "dropped: this model takes no other than its default")
        return {}
    if "temperature" in said:
        said["temperature"] = _within_one(said["temperature"], losses)
    if thinking is not None and thinking["type"] in _THINKS:
        for name in ("temperature", "top_k"):
            if said.pop(name, 1) != 1:
                losses.note(name, _NO_TOP_K)
        if said.get("top_p", 1) < _LEAST_TOP_P:
            said["top_p"] = _LEAST_TOP_P
            losses.note("top_p", f"changed: {_LEAST_TOP_P} is the least while Claude thinks")
    if "temperature" in said and "top_p" in said and said.pop("top_p") != 1:
        losses.note("top_p", "dropped: Claude takes temperature or top_p, not both")
    return said


def _within_one(temperature: float, losses: Losses) -> float:
    if 0 <= temperature <= 1:
        return temperature
    losses.note("temperature", "changed: Claude's ends at 1")
    return 1.0 if temperature > 1 else 0.0


def _terms(ask: Ask, losses: Losses) -> Object:
    """Who asks, on which terms; and what Anthropic has no word for."""
    said: Object = {}
    if ask.user:
        said["metadata"] = {"user_id": hidden(ask.user)}
    if ask.tier in _TIERS:
        said.update(_TIERS[ask.tier])
    elif ask.tier:
        losses.note("tier", f"dropped: Anthropic has no tier {as_word(ask.tier)}")
    if ask.verbosity:
        losses.note("verbosity", "dropped: Anthropic has no such setting")
    if ask.metadata:
        losses.note("metadata", "dropped: Anthropic keeps none")
    return said


def _mark(said: Object, whole: Mark | None, losses: Losses) -> None:
    """See that marks are as many and as long-lived as Anthropic takes."""
    last = _last_block(said)
    if whole is not None and "cache_control" in last:  # one place takes one lifetime
        if whole.ttl:
            last["cache_control"] = control(whole)
        whole = None
    if whole is not None:
        said["cache_control"] = control(whole)
    marked: list[Object] = []
    for part in ("tools", "system", "messages"):
        _find(said.get(part, []), marked)
    most = MOST_MARKS - (whole is not None)
    if len(marked) > most:
        losses.note("mark", f"dropped: all cache marks but the last {most}")
    while len(marked) > most:
        del marked.pop(0)["cache_control"]
    for block in [said, *marked]:
        ttl = block.get("cache_control", {}).get("ttl", "")
        lifetime = _LIFETIMES.get(ttl, "")
        if ttl != lifetime:
            losses.note(
                "mark", f"changed: a lifetime of {as_word(ttl)} is said as {lifetime or '5m'}"
            )
            block["cache_control"] = control(Mark(lifetime))
    _put_in_order([*marked, said] if whole is not None else marked, losses)


def _put_in_order(marked: list[Object], losses: Losses) -> None:
    """No mark may outlive one before it: what is to live an hour holds all that precedes it."""
    hour = control(Mark("1h"))
    last = max((at for at, it in enumerate(marked) if it["cache_control"] == hour), default=0)
    for block in marked[:last]:
        if block["cache_control"] != hour:
            losses.note("mark", "changed: lives an hour, as a mark behind it does")
            block["cache_control"] = control(Mark("1h"))


def _last_block(said: Object) -> Object:
    """Where the mark of the whole would stand; empty: in a text."""
    content = said["messages"][-1]["content"] if said["messages"] else ""
    last = content[-1] if isinstance(content, list) and content else {}
    return last if isinstance(last, dict) else {}


def _find(blocks: list[Any], marked: list[Object]) -> None:
    for block in blocks:
        if isinstance(block, dict):
            content = block.get("content")
            if isinstance(content, list):
                _find(content, marked)
            if "cache_control" in block:
                marked.append(block)
