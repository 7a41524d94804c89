"""What a vendor would refuse in a request: the rules that translations break most.

Rule 1: an objection is a rule of the vendor's reference that answers 400, never our taste.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from headgate.conformance.case import Seen
from headgate.conformance.grammar.verdict import entries, members, word
from headgate.conformance.talk import Result, Talk, Use, Words

_KNOWN = {
    "messages": (
        "model messages max_tokens system tools tool_choice thinking output_config "
        "stop_sequences stream metadata cache_control service_tier speed inference_geo "
        "container diagnostics context_management mcp_servers betas temperature top_p "
        "top_k output_format "
    ),
    "chat": (
        "model messages max_tokens max_completion_tokens temperature top_p n stop seed "
        "logit_bias logprobs top_logprobs frequency_penalty presence_penalty tools "
        "tool_choice parallel_tool_calls response_format modalities audio prediction "
        "verbosity web_search_options reasoning_effort service_tier store metadata "
        "safety_identifier user moderation prompt_cache_key prompt_cache_options "
        "prompt_cache_retention stream stream_options functions function_call "
    ),
    "responses": (
        "model input instructions previous_response_id conversation store background "
        "truncation context_management max_output_tokens max_tool_calls tools tool_choice "
        "parallel_tool_calls reasoning text include temperature top_p top_logprobs "
        "service_tier metadata prompt_cache_key prompt_cache_options "
        "prompt_cache_retention stream stream_options user safety_identifier prompt "
        "client_metadata moderation "
    ),
}
FIELDS = {surface: frozenset(names.split()) for surface, names in _KNOWN.items()}
ID = re.compile(r"[a-zA-Z0-9_-]+")
NAME = {"messages": 128, "chat": 64, "responses": 64}
MOST_STOPS = 4


def objections(surface: str, talk: Talk) -> list[str]:
    """Why the vendor would answer 400; `talk` as `hear` read it."""
    return [*_fields(surface, talk), *_names(surface, talk), *RULES[surface](talk)]


def accepted(seen: Seen) -> bool:
    """Was the call carried out, and in a way that the vendor does not refuse."""
    if not seen.served():
        return False
    found = objections(seen.case.upstream, seen.talk)
    seen.complaints += [f"the vendor refuses {each}" for each in found]
    return not found


def _fields(surface: str, talk: Talk) -> Iterator[str]:
    strangers = talk.extra.keys() - FIELDS[surface]
    if strangers:
        yield f"unknown fields {', '.join(sorted(strangers))}"


def _names(surface: str, talk: Talk) -> Iterator[str]:
    longest = NAME[surface]
    for tool in talk.tools:
        if not ID.fullmatch(tool.name) or len(tool.name) > longest:
            yield f"the tool name {tool.name[:80]!r}"
    if (talk.parts(Use) or talk.parts(Result)) and surface == "messages" and not talk.tools:
        yield "tool calls in the history, and no tools"


def _messages(talk: Talk) -> Iterator[str]:
    if talk.most is None:
        yield "no max_tokens"
    roles = [turn.role for turn in talk.turns]
    if not roles or roles[0] != "user":
        yield "the first turn is not the user's"
    waiting: list[str] = []
    for turn in talk.turns:
        if turn.role not in ("user", "assistant", "system"):
            yield f"a turn of the role {turn.role!r}"
        if not turn.parts:
            yield "a turn without content"
        answered = [part.id for part in turn.parts if isinstance(part, Result)]
        if sorted(answered) != sorted(waiting):
            yield f"tool calls {waiting} answered by {answered} in the next turn"
        first = [isinstance(part, Result) for part in turn.parts]
        if first != sorted(first, reverse=True):
            yield "words before a tool's result"
        waiting = [part.id for part in turn.parts if isinstance(part, Use)]
        yield from _blocks(turn.parts)
    if roles and roles[-1] == "assistant":
        yield "the last turn is the assistant's: newer models continue none"


def _blocks(parts: tuple[object, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Words) and not part.text.strip():
            yield "an empty text"
        if isinstance(part, Use):
            if not ID.fullmatch(part.id):
                yield f"the tool call id {part.id[:80]!r}"
            if not isinstance(part.arguments, dict):
                yield "a tool's input that is no object"


def _chat(talk: Talk) -> Iterator[str]:
    if len(talk.stop) > MOST_STOPS:
        yield f"{len(talk.stop)} stop sequences"
    waiting: list[str] = []
    for message in map(members, entries(talk.extra.get("messages"))):
        role = word(message.get("role"))
        if role == "tool":
            id = word(message.get("tool_call_id"))
            if id not in waiting:
                yield f"a tool's result {id!r} that answers no call before it"
            waiting = [each for each in waiting if each != id]
            pieces = [members(each).get("type") for each in entries(message.get("content"))]
            if any(kind != "text" for kind in pieces):
                yield "a tool's result with something else than text"
            continue
        if waiting:
            yield f"tool calls without results: {waiting}"
        calls = [members(call) for call in entries(message.get("tool_calls"))]
        waiting = [word(call.get("id")) for call in calls]
        for call in calls:
            arguments = members(call.get("function")).get("arguments", "")
            if not isinstance(arguments, str):
                yield "a tool call whose arguments are no text"
    if waiting:
        yield f"tool calls without results: {waiting}"


def _responses(talk: Talk) -> Iterator[str]:
    calls: set[str] = set()
    for part in (part for turn in talk.turns for part in turn.parts):
        if isinstance(part, Use):
            calls.add(part.id)
            if len(part.id) > 64:
                yield f"a call_id of {len(part.id)} characters"
        elif isinstance(part, Result):
            if part.id not in calls:
                yield f"a tool's output {part.id!r} that answers no call"
            calls.discard(part.id)
    if calls:
        yield f"tool calls without output: {sorted(calls)}"


RULES: dict[str, Callable[[Talk], Iterator[str]]] = {
    "messages": _messages,
    "chat": _chat,
    "responses": _responses,
}
