"""A Chat Completions request, heard from a caller and said to an upstream.

Facts: API reference "Create chat completion", as of 2026-11-20.
Rule 1: what would change the answer's shape (several choices, log probabilities, sound) is
refused where it cannot be had; what only steers the sampling is dropped and named.
Rule 2: a request depends on the conversation alone: said again with more turns, it begins with
the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.wire import effort
from headgate.wire.ability import EFFORTS, Abilities, Aim
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Ask, Format, Object
from headgate.wire.naming import Lexicon, hidden
from headgate.wire.openai import cache_key, closed, strict
from headgate.wire.openai_chat.messages import UNKNOWN, hear_messages
from headgate.wire.openai_chat.tools import hear_choice, hear_tools, say_tools
from headgate.wire.openai_chat.turns import say_messages
from headgate.wire.walk import Node, open_object

WORDS: Mapping[str, str] = {
    "turns": "messages",
    "system": "messages",
    "choice": "tool_choice",
    "parallel": "parallel_tool_calls",
    "max_output": "max_completion_tokens",
    "thinking": "reasoning_effort",
    "effort": "reasoning_effort",
    "format": "response_format",
    "user": "safety_identifier",
    "session": "prompt_cache_key",
    "tier": "service_tier",
    "mark": "prompt_cache_options",
    "include_usage": "stream_options.include_usage",
}
"""an Ask's field -> what this dialect calls it, where that is another word"""

_UNSAID: Mapping[str, object] = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "store": False,
}
"""what these mean when nothing is said: saying so is no loss"""

_TIERS = {"auto": "auto", "default": "standard", "flex": "flex", "priority": "priority"}
_TIER_WORDS = {tier: word for word, tier in _TIERS.items()}
_VERBOSITIES = ("low", "medium", "high")


def decode_ask(body: bytes, losses: Losses) -> Ask:
    """What the caller wants; Fault names what has not its shape."""
    losses.words = WORDS
    node = open_object(body)
    model = node.text("model") or node.wrong("model", "must name a model")
    conversation = hear_messages(node, losses)
    ask = Ask(model, conversation.turns, conversation.system)
    ask.tools = hear_tools(node, losses)
    ask.choice = hear_choice(node)
    ask.parallel = node.flag("parallel_tool_calls")
    _hear_limits(node, ask, losses)
    _hear_shape(node, ask, losses)
    _hear_account(node, ask, losses)
    stream = node.node("stream_options")
    ask.stream = bool(node.flag("stream"))
    if stream is not None:
        ask.include_usage = bool(stream.flag("include_usage"))
        if stream.take("include_obfuscation"):
            losses.note(stream.under("include_obfuscation"), UNKNOWN)
        stream.leave(losses, UNKNOWN)
    for name, default in _UNSAID.items():
        if name in node.rest and node.rest[name] == default:
            del node.rest[name]
    if node.rest:
        node.leave(losses, UNKNOWN)
    return ask


def _hear_limits(node: Node, ask: Ask, losses: Losses) -> None:
    older = _positive(node, "max_tokens")
    ask.max_output = _positive(node, "max_completion_tokens")
    if ask.max_output is None and older is not None:
        ask.max_output = older
        losses.words = {**losses.words, "max_output": "max_tokens"}
    ask.temperature = node.number("temperature")
    ask.top_p = node.number("top_p")
    ask.top_k = node.count("top_k")
    for at, stop in enumerate(node.texts("stop")):
        if stop.strip():
            ask.stop.append(stop)
        else:
            losses.note(f"stop[{at}]", "dropped: white space alone is no stop sequence")
    ask.effort = _one_of(node, "reasoning_effort", EFFORTS)
    ask.verbosity = _one_of(node, "verbosity", _VERBOSITIES)


def _positive(node: Node, name: str) -> int | None:
    count = node.count(name)
    return count if count is None or count > 0 else node.wrong(name, "must be 1 or more")


def _one_of(node: Node, name: str, known: tuple[str, ...]) -> str:
    word = node.text(name)
    if word and word not in known:
        node.wrong(name, f"must be one of {', '.join(known)}")
    return word


def _hear_shape(node: Node, ask: Ask, losses: Losses) -> None:
    """What the answer shall look like."""
    ask.format = _format(node, losses)
    several = node.count("n")
    if several is not None and several != 1:
        losses.refuse("n", "other vendors give one answer a call: leave it out")
    why = "other vendors tell no probabilities: leave it out"
    if node.flag("logprobs"):
        losses.refuse("logprobs", why)
    if node.count("top_logprobs"):
        losses.refuse("top_logprobs", why)
    why = "no sound can be had from another vendor: leave it out"
    if node.take("audio") is not None:
        losses.refuse("audio", why)
    if any(kind != "text" for kind in node.texts("modalities")):
        losses.refuse("modalities", 'only ["text"] can be had from another vendor')


def _format(node: Node, losses: Losses) -> Format | None:
    format = node.node("response_format")
    if format is None:
        return None
    kind = format.text("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return Format()
    if kind != "json_schema":
        format.wrong("type", "must be text, json_object or json_schema")
    inner = format.node(kind) or format.wrong(kind, "must be an object with name and schema")
    schema = inner.node("schema")
    made = Format(
        schema.rest if schema is not None else {},
        inner.text("name"),
        inner.text("description"),
        inner.flag("strict"),
    )
    inner.leave(losses, UNKNOWN)
    return made


def _hear_account(node: Node, ask: Ask, losses: Losses) -> None:
    older = node.text("user")
    ask.user = node.text("safety_identifier") or older
    if ask.user and ask.user is older:
        losses.words = {**losses.words, "user": "user"}
    ask.session = node.text("prompt_cache_key")
    tier = node.text("service_tier")
    if tier == "fast":
        ask.tier = tier
    elif tier:
        ask.tier = _TIERS.get(tier, "")
        if not ask.tier:
            losses.note("service_tier", f"dropped: {as_word(tier)} is not for sale elsewhere")
    metadata = node.node("metadata")
    if metadata is not None:
        ask.metadata = {name: metadata.text(name) for name in list(metadata.rest)}


def encode_ask(ask: Ask, aim: Aim, losses: Losses) -> tuple[bytes, Lexicon]:
    """The request that asks an upstream for it, and what its tools are called there."""
    abilities = aim.abilities
    tools, lexicon = say_tools(ask, abilities, losses)
    format, order = _say_format(ask, abilities, losses)
    messages = say_messages(ask, order, abilities, lexicon, losses)
    said: Object = {"model": aim.model, "messages": messages, **tools}
    _say_limits(ask, abilities, losses, said)
    if format is not None:
        said["response_format"] = format
    _say_account(ask, abilities, losses, said)
    if aim.stream:
        said["stream"] = True
        said["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(said), lexicon


def _say_limits(ask: Ask, abilities: Abilities, losses: Losses, said: Object) -> None:
    most = ask.max_output
    if most is not None:
        if abilities.max_output is not None and most > abilities.max_output:
            most = abilities.max_output
            losses.note("max_output", f"lowered to {most}, the most this model writes")
        said[abilities.max_tokens_field] = most
    _say_stop(ask, abilities, losses, said)
    for name, value in (("temperature", ask.temperature), ("top_p", ask.top_p)):
        if value is None:
            continue
        if abilities.sampling:
            said[name] = value
        elif value != 1:
            losses.note(name, "dropped: the model samples in its own way")
    if ask.top_k is not None:
        losses.note("top_k", "dropped: Chat Completions has no such field")
    _say_effort(ask, abilities, losses, said)
    if ask.verbosity:
        said["verbosity"] = ask.verbosity


def _say_stop(ask: Ask, abilities: Abilities, losses: Losses, said: Object) -> None:
    most = len(ask.stop) if abilities.stops is None else abilities.stops
    if ask.stop[:most]:
        said["stop"] = ask.stop[:most]
    if len(ask.stop) > most:
        why = f"more than {most}" if most else "the model takes none"
        losses.note("stop", f"{why}: watched for by the gateway instead")


def _say_effort(ask: Ask, abilities: Abilities, losses: Losses, said: Object) -> None:
    wanted = effort.asked(ask)
    if not wanted:
        return
    level = effort.nearest(wanted, abilities.efforts)
    if level:
        said["reasoning_effort"] = level
    field = "effort" if ask.effort else "thinking"
    if level and level != wanted:
        losses.note(field, f"{wanted} became {level}, the nearest this model knows")
    elif not level and wanted != "none":
        losses.note(field, "dropped: how hard this model reasons cannot be asked for")


def _say_format(ask: Ask, abilities: Abilities, losses: Losses) -> tuple[Object | None, str]:
    """The format to ask for, and what must be said in words instead."""
    format = ask.format
    if format is None:
        return None, ""
    if format.schema is not None and abilities.json_schema:
        inner: Object = {"name": format.name or "answer", "schema": format.schema}
        if format.description:
            inner["description"] = format.description
        wanted = closed(format.schema) if format.strict is None else format.strict
        inner["strict"] = strict(wanted, format.schema, "format", losses)
        return {"type": "json_schema", "json_schema": inner}, ""
    said: Object | None = {"type": "json_object"} if abilities.json_object else None
    order = ""
    if format.schema is not None:
        schema = msgspec.json.encode(format.schema).decode()
        order = f"Answer with one JSON object that matches this JSON schema:\n{schema}"
        losses.note("format", "asked for in words: the model cannot be held to a schema")
    elif said is None:
        order = "Answer with one JSON object and nothing else."
        losses.note("format", "asked for in words: the model cannot be held to JSON")
    return said, order


def _say_account(ask: Ask, abilities: Abilities, losses: Losses, said: Object) -> None:
    if ask.user and abilities.session_key:
        said["safety_identifier"] = hidden(ask.user)
    elif ask.user:
        losses.note("user", "dropped: this provider is not told who asks")
    if ask.session and abilities.session_key:
        said["prompt_cache_key"] = cache_key(ask.session)
    word = _TIER_WORDS.get(ask.tier)
    if word:
        said["service_tier"] = word
    elif ask.tier:
        losses.note("tier", f"dropped: {ask.tier} costs another price here")
    if ask.metadata:
        losses.note("metadata", "dropped: nothing is stored that it could describe")
