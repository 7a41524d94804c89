"""What a Responses request means, and how an Ask is said as one.

Rule 1: a field that names what OpenAI has stored, or asks it to store, is refused: nobody else
has it. Telemetry and bookkeeping are left out without a word, any other loss is named.
Rule 2: `store` is always false: an answer that passed through here is fetched from nobody.
Rule 3: a conversation that ends with the assistant's words asks for new ones after them, where
every other dialect would go on with those, or refuse: so the user is made to ask.
Rule 4: `stop` is not said: the gateway watches for the caller's stop sequences itself.

Facts: API reference "Create a response", as of 2026-11-20; Codex 0.169 measured.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.wire import effort
from headgate.wire.ability import EFFORTS, Abilities, Aim
from headgate.wire.history import GO_ON, instructs
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Ask,
    Format,
    Mark,
    Object,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    Turn,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.naming import Lexicon, accepted, hidden
from headgate.wire.openai import cache_key, closed, strict
from headgate.wire.openai_responses.items import History
from headgate.wire.openai_responses.retell import Retelling, lifetime
from headgate.wire.openai_responses.tools import Offer, Toolbox, decode_choice
from headgate.wire.walk import Node, open_object

WORDS: Mapping[str, str] = {
    "turns": "input",
    "system": "instructions",
    "choice": "tool_choice",
    "parallel": "parallel_tool_calls",
    "max_output": "max_output_tokens",
    "thinking": "reasoning",
    "effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "format": "text.format",
    "user": "safety_identifier",
    "session": "prompt_cache_key",
    "tier": "service_tier",
    "mark": "prompt_cache_options",
    "sealed_thoughts": "include",
}
SEALED = "reasoning.encrypted_content"
LEAST_OUTPUT = 16
"""tokens; OpenAI refuses a lower limit"""

_ONLY_THERE = "dropped: no other dialect has it"
_STORED = {
    "previous_response_id": "only OpenAI has stored that response; send the whole conversation",
    "conversation": "only OpenAI has stored that conversation; send its items",
    "prompt": "only OpenAI has stored that prompt; send its text",
}
_SILENT = ("client_metadata", "prompt_cache_retention")
_TIERS = {"default": "standard"}
_KNOWN_TIERS = ("auto", "standard", "flex", "priority", "fast")
_SAID_TIERS = {"auto": "auto", "standard": "default", "flex": "flex", "priority": "priority"}
_LONGEST_NAME = 64
_DEFAULT_SAMPLING = 1


def decode_ask(body: bytes, losses: Losses) -> Ask:
    """Everything a Responses caller may send."""
    losses.words = WORDS
    top = open_object(body)
    ask = Ask(top.text("model"), [])
    _refuse_stored(top, losses)
    _decode_conversation(top, ask, losses)
    ask.choice = decode_choice(top, losses)
    ask.parallel = top.flag("parallel_tool_calls")
    ask.max_output = top.count("max_output_tokens")
    if ask.max_output is not None and ask.max_output < 1:
        top.wrong("max_output_tokens", "must be at least 1")
    ask.temperature = top.number("temperature")
    ask.top_p = top.number("top_p")
    _decode_reasoning(top, ask, losses)
    _decode_text(top, ask, losses)
    _decode_account(top, ask, losses)
    ask.stream = top.flag("stream") or False
    ask.sealed_thoughts = _decode_include(top, losses)
    _decode_bounds(top, losses)
    for name in _SILENT:
        top.take(name)
    if top.flag("store"):
        losses.note(
            "store", "changed: nothing is stored; the response cannot be asked for later"
        )
    top.leave(losses, _ONLY_THERE)
    return ask


def _refuse_stored(top: Node, losses: Losses) -> None:
    for name, why in _STORED.items():
        if top.take(name) is not None:
            losses.refuse(name, why)
    if top.flag("background"):
        losses.refuse("background", "nothing is kept here to be fetched later")


def _decode_conversation(top: Node, ask: Ask, losses: Losses) -> None:
    instructions = top.text("instructions")
    offer = Offer(losses)
    offer.hear(top.nodes("tools"))
    history = History(losses, offer)
    if instructions:
        history.system.append(Text(instructions))
    given = top.rest.get("input")
    if isinstance(given, str):
        history.hear(Node({"role": "user", "content": top.text("input")}, "input"))
    elif given is None and not losses.grave:
        top.wrong("input", "must be a text or a list of items")
    else:
        for item in top.nodes("input"):
            history.hear(item)
    ask.system, ask.turns, ask.tools = history.system, history.turns(), offer.tools
    ask.effort = history.effort
    if ask.turns and _is_said(ask.turns[-1]):
        ask.turns.append(Turn(Role.USER, [Text(GO_ON)]))
        why = "other vendors' models would go on with the assistant's words at its end"
        losses.note("turns", f"changed: {GO_ON} follows as the user's, because {why}")


def _is_said(turn: Turn) -> bool:
    """Does the assistant say something, and wait for no tool?"""
    words = any(isinstance(part, Text | Refusal) and part.text for part in turn.parts)
    called = any(isinstance(part, ToolCall) for part in turn.parts)
    return turn.role is Role.ASSISTANT and words and not called


def _decode_reasoning(top: Node, ask: Ask, losses: Losses) -> None:
    """The request's effort; an item that configures it anew was said later, and wins."""
    reasoning = top.node("reasoning")
    if reasoning is None:
        reasoning = Node({}, "reasoning")
    ask.effort = ask.effort or reasoning.text("effort")
    reasoning.take("effort")
    if ask.effort and ask.effort not in EFFORTS:
        raise Fault(Kind.INVALID, f"reasoning.effort: must be one of {', '.join(EFFORTS)}")
    summary = reasoning.text("summary") or reasoning.text("generate_summary")
    reasoning.take("generate_summary")
    if summary and ask.effort != "none":
        ask.thinking = Thinking("adaptive", shown=True)
        if summary != "auto":
            losses.note("reasoning.summary", "taken for auto: nobody else has kinds of summary")
    if reasoning.text("context") == "current_turn":
        losses.note("reasoning.context", "dropped: earlier reasoning stays in the conversation")
    reasoning.leave(losses, _ONLY_THERE)


def _decode_text(top: Node, ask: Ask, losses: Losses) -> None:
    text = top.node("text")
    if text is None:
        return
    ask.verbosity = text.text("verbosity")
    form = text.node("format")
    if form is not None:
        ask.format = _decode_format(form)
        form.leave(losses, _ONLY_THERE)
    text.leave(losses, _ONLY_THERE)


def _decode_format(form: Node) -> Format | None:
    kind = form.text("type") or "text"
    if kind == "text":
        return None
    if kind == "json_object":
        return Format()
    if kind != "json_schema":
        form.wrong("type", "must be text, json_object or json_schema")
    schema = form.node("schema")
    if schema is None:
        form.wrong("schema", "must be an object")
    return Format(schema.rest, form.text("name"), form.text("description"), form.flag("strict"))


def _decode_account(top: Node, ask: Ask, losses: Losses) -> None:
    ask.session = top.text("prompt_cache_key")
    user = top.text("user")
    ask.user = top.text("safety_identifier") or user
    if user and ask.user == user:
        losses.words = {**losses.words, "user": "user"}
    tier = top.text("service_tier")
    ask.tier = _TIERS.get(tier, tier)
    if tier and ask.tier not in _KNOWN_TIERS:
        losses.note("service_tier", f"dropped: {as_word(tier)} is known to OpenAI alone")
        ask.tier = ""
    options = top.node("prompt_cache_options")
    if options is not None:
        ttl = options.text("ttl")
        if options.text("mode") != "explicit":
            ask.mark = Mark(ttl)
        options.leave(losses, _ONLY_THERE)
    metadata = top.node("metadata")
    if metadata is not None:
        ask.metadata = {name: metadata.text(name) for name in list(metadata.rest)}


def _decode_include(top: Node, losses: Losses) -> bool:
    """What shall come back beside the answer: is it reasoning that can be sent back?"""
    include = top.texts("include")
    for name in include:
        if name == "message.output_text.logprobs":
            losses.refuse("include", "log probabilities are told by OpenAI alone")
        elif name != SEALED:
            losses.note("include", f"{as_word(name)} dropped: only OpenAI's own tools give it")
    return SEALED in include


def _decode_bounds(top: Node, losses: Losses) -> None:
    if top.count("top_logprobs"):
        losses.refuse("top_logprobs", "log probabilities are told by OpenAI alone")
    if top.text("truncation") == "auto":
        losses.note("truncation", "dropped: a conversation that is too long is refused")
    options = top.node("stream_options")
    if options is not None and options.flag("include_obfuscation"):
        losses.note("stream_options.include_obfuscation", "dropped: nothing is padded here")


def encode_ask(ask: Ask, aim: Aim, losses: Losses) -> tuple[bytes, Lexicon]:
    """The Ask as a Responses request for the model that is aimed at."""
    abilities = aim.abilities
    tools = Toolbox(ask, abilities, losses)
    out: Object = {"model": aim.model}
    opening = _opening(ask, abilities, losses)
    retelling = Retelling(aim, tools, losses)
    if abilities.cache_marks and any(text.mark is not None for text in opening):
        out["input"] = [retelling.opening(opening), *retelling.tell(ask)]
    else:
        if opening:
            out["instructions"] = "\n\n".join(text.text for text in opening)
        out["input"] = retelling.tell(ask)
    if tools.said:
        out["tools"] = tools.said
    choice = tools.choice(ask.choice)
    if choice is not None:
        out["tool_choice"] = choice
    if ask.parallel is not None and tools.said:
        out["parallel_tool_calls"] = ask.parallel
    _say_reasoning(ask, abilities, out, losses)
    _say_bounds(ask, abilities, out, losses)
    _say_text(ask, abilities, out, losses)
    _say_account(ask, abilities, out, losses)
    out["store"] = False
    if aim.stream:
        out["stream"] = True
    try:
        return msgspec.json.encode(out), tools.lexicon
    except RecursionError:
        raise Fault(Kind.INVALID, "the request body is nested too deeply") from None


def _opening(ask: Ask, abilities: Abilities, losses: Losses) -> list[Text]:
    """What the operator says first, and an order of ours behind it."""
    said = [one for one in ask.system if instructs(one.text)]
    form = ask.format
    if form is not None and form.schema is not None and not abilities.json_schema:
        losses.note("format", "said in words: this model cannot be held to a schema")
        schema = msgspec.json.encode(form.schema).decode()
        order = "Answer with one JSON object and nothing else, as this schema says:"
        said.append(Text(f"{order}\n{schema}"))
    elif form is not None and form.schema is None and not abilities.json_object:
        losses.note("format", "said in words: this model cannot be held to JSON")
        said.append(Text("Answer with one JSON object and nothing else."))
    return said


def _say_reasoning(ask: Ask, abilities: Abilities, out: Object, losses: Losses) -> None:
    wanted, thinking = effort.asked(ask), ask.thinking
    if not abilities.efforts:
        if wanted not in ("", "none"):
            losses.note(
                "effort" if ask.effort else "thinking",
                "dropped: this model does not reason on demand",
            )
        return
    out["include"] = [SEALED]
    reasoning: Object = {}
    if wanted:
        reasoning["effort"] = effort.nearest(wanted, abilities.efforts)
        if reasoning["effort"] != wanted:
            losses.note(
                "effort" if ask.effort else "thinking",
                f"{wanted} said as {reasoning['effort']}: the nearest this model knows",
            )
    if thinking is not None and thinking.mode != "off" and thinking.shown is not False:
        reasoning["summary"] = "auto"
    if reasoning:
        out["reasoning"] = reasoning


def _say_bounds(ask: Ask, abilities: Abilities, out: Object, losses: Losses) -> None:
    if ask.max_output is not None:
        out["max_output_tokens"] = _clamped(ask.max_output, abilities.max_output, losses)
    if ask.stop:
        losses.note("stop", "watched for by the gateway: Responses has no such field")
    if ask.top_k is not None:
        losses.note("top_k", "dropped: Responses has no such field")
    for name, value in (("temperature", ask.temperature), ("top_p", ask.top_p)):
        if value is None:
            continue
        if abilities.sampling:
            out[name] = value
        elif value != _DEFAULT_SAMPLING:
            losses.note(name, "dropped: this model does not let it be chosen")


def _clamped(wanted: int, most: int | None, losses: Losses) -> int:
    if most is not None and wanted > most:
        losses.note("max_output", f"lowered to {most}, the most this model can answer")
        return most
    if wanted < LEAST_OUTPUT:
        losses.note("max_output", f"raised to {LEAST_OUTPUT}, the least OpenAI accepts")
        return LEAST_OUTPUT
    return wanted


def _say_text(ask: Ask, abilities: Abilities, out: Object, losses: Losses) -> None:
    text: Object = {}
    form = ask.format
    if form is not None and form.schema is not None and abilities.json_schema:
        wanted = closed(form.schema) if form.strict is None else form.strict
        text["format"] = {
            "type": "json_schema",
            "name": accepted(form.name or "answer", _LONGEST_NAME),
            "schema": form.schema,
            "strict": strict(wanted, form.schema, "format", losses),
        }
        if form.description:
            text["format"]["description"] = form.description
    elif form is not None and abilities.json_object:
        text["format"] = {"type": "json_object"}
    if ask.verbosity:
        text["verbosity"] = ask.verbosity
    if text:
        out["text"] = text


def _say_account(ask: Ask, abilities: Abilities, out: Object, losses: Losses) -> None:
    if ask.tier in _SAID_TIERS:
        out["service_tier"] = _SAID_TIERS[ask.tier]
    elif ask.tier:
        losses.note(
            "tier", f"dropped: {as_word(ask.tier)} costs something else at every vendor"
        )
    if abilities.session_key:
        if ask.session:
            out["prompt_cache_key"] = cache_key(ask.session)
        if ask.user:
            out["safety_identifier"] = hidden(ask.user)
    elif ask.user:
        losses.note("user", "dropped: this server has no field for it")
    if ask.mark is not None and abilities.cache_marks:
        out["prompt_cache_options"] = {"mode": "implicit", "ttl": lifetime(ask.mark)}
    if ask.metadata:
        losses.note("metadata", "dropped: OpenAI keeps it only with answers it stores")
