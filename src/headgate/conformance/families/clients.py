"""Clients feel at home: Claude Code's and Codex's own requests, lists, probes and mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from headgate.conformance.case import (
    AGENTS,
    PATHS,
    SURFACES,
    Case,
    Seat,
    Seen,
    Sending,
    asks,
    headers_of,
)
from headgate.conformance.grammar.verdict import entries, members
from headgate.conformance.objections import accepted
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script
from headgate.conformance.talk import Talk, Tool, said

TITLE = "Clients feel at home"
ORDER = 7

Json = dict[str, Any]
BETAS = (
    b"claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    b"per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,"
    b"thinking-token-count-2026-05-13,advanced-tool-use-2025-11-20,effort-2025-11-24"
)
SESSION = "5b0e7a52-3f0c-4d0e-9d5e-1f2a3b4c5d6e"
PATTERN = {"type": "object", "properties": {"command": {"type": "string"}}}
NAMES = ("Agent", "Bash", "Edit", "Read", "Skill", "ToolSearch", "Write")
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /[\\s\\S]+/"}
TEXT = "Hello from upstream."
CALL = Bit("tool", ('{"comm', 'and":"ls"}'), "call_1", "Bash")


def cases() -> Iterator[Case]:
    for upstream in SURFACES:
        yield Case(
            "Claude Code's first request of a session is served",
            "messages",
            upstream,
            claude_code,
            judge_claude_code,
            Script((Bit("text", ("I ", "look.")), CALL), "tools"),
        )
        yield Case(
            "Codex's request under a name it does not know is served",
            "responses",
            upstream,
            codex,
            judge_codex,
            Script(),
        )
        yield Case(
            "Codex's request under a name it knows is served",
            "responses",
            upstream,
            codex_at_home,
            judge_codex_at_home,
            Script(said_by=_run, stop="tools"),
        )
        yield Case(
            "Claude Code learns how much a conversation takes, or that nobody counts",
            "messages",
            upstream,
            count,
            judge_count,
            Script(),
        )
    yield from key_cases()
    yield from probe_cases()
    for surface in SURFACES:
        yield Case(
            "an unknown model is refused in words that the client can show",
            surface, surface, _stranger(surface), judge_refused, Script(),
        )  # fmt: skip
        yield Case(
            "a body that is no JSON is refused in words that the client can show",
            surface, surface, _nonsense(surface), judge_refused, Script(),
        )  # fmt: skip


def key_cases() -> Iterator[Case]:
    """Claude Code sends its key in either field, and with a key program in both."""
    for fields in (("x-api-key",), ("authorization",), ("x-api-key", "authorization")):
        yield Case(
            "a key is taken from x-api-key, from authorization, and from both",
            "messages",
            "messages",
            _keyed(fields),
            judge_served,
            Script(),
        )


def probe_cases() -> Iterator[Case]:
    no_script = Script()
    yield Case(
        "a probe of the address is answered at once, without a redirect",
        "messages", "messages", _probe, judge_probe, no_script,
    )  # fmt: skip
    for surface in ("messages", "chat"):
        yield Case(
            "the models are listed for the client's menu",
            surface, surface, _models(surface), judge_models, no_script,
        )  # fmt: skip
    yield Case(
        "Codex is told at once that there is no WebSocket",
        "responses", "responses", _websocket, judge_websocket, no_script,
    )  # fmt: skip


def claude_code(seat: Seat) -> Sending:
    """The shape of Claude Code 2.1.329's first request; the words are ours."""
    tools: list[Json] = [
        {"name": name, "description": f"{name} it", "input_schema": PATTERN} for name in NAMES
    ]
    later = {"name": "DeferredToolPlaceholder", "description": "later", "defer_loading": True}
    tools.append({**later, "input_schema": {"type": "object", "properties": {}}})
    mark = {"cache_control": {"type": "ephemeral"}}
    line = "x-anthropic-billing-header: cc_version=2.1.329.3c4; cc_entrypoint=sdk-cli;"
    body = {
        "model": seat.model,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>\nBe kind.\n</system-reminder>"},
                    {"type": "text", "text": f"{seat.mark} hi"},
                ],
            },
        ],
        "system": [
            {"type": "text", "text": line},
            {"type": "text", "text": "You are an agent.", **mark},
            {"type": "text", "text": "\nWork in the repository.", **mark},
        ],
        "tools": tools,
        "metadata": {"user_id": json.dumps({"device_id": "0" * 64, "session_id": SESSION})},
        "max_tokens": 128_000,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        "stream": True,
    }
    headers = [
        *headers_of("messages", seat.key),
        (b"anthropic-beta", BETAS),
        (b"x-claude-code-session-id", SESSION.encode()),
        (b"x-app", b"cli"),
        (b"x-stainless-retry-count", b"0"),
        (b"accept-encoding", b"gzip, deflate, br, zstd"),
        (b"anthropic-dangerous-direct-browser-access", b"true"),
    ]
    path = PATHS["messages"] + "?beta=true"
    return Sending(path, json.dumps(body).encode(), headers, stream=True)


def _codex(seat: Seat, given: list[Json], tools: list[Json]) -> Sending:
    body: Json = {
        "model": seat.model,
        "stream": True,
        "input": [*given, {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": f"{seat.mark} say hi"}]}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"summary": "auto"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": SESSION,
        "client_metadata": {"session_id": SESSION, "x-codex-window-id": f"{SESSION}:0"},
    }  # fmt: skip
    if tools:
        body["tools"] = tools
    headers = [
        *headers_of("responses", seat.key),
        (b"accept", b"text/event-stream"),
        (b"originator", b"codex_exec"),
        (b"session-id", SESSION.encode()),
        (b"x-codex-turn-metadata", json.dumps({"session_id": SESSION}).encode()),
    ]
    return Sending(PATHS["responses"], json.dumps(body).encode(), headers, stream=True)


def _developer(text: str) -> Json:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "developer", "content": content}


def codex(seat: Seat) -> Sending:
    """The shape of Codex 0.169.0's request for a model whose name it does not know."""
    command: Json = {"type": "function", "name": "exec_command", "description": "runs it"}
    command |= {"strict": False, "parameters": PATTERN}
    agent = {**command, "name": "spawn_agent"}
    group = {"type": "namespace", "name": "multi_agent_v1", "description": "", "tools": [agent]}
    return _codex(
        seat,
        [_developer("You are a coding agent."), _developer("Skills: none.")],
        [command, group, {"type": "web_search", "external_web_access": False}],
    )


def codex_at_home(seat: Seat) -> Sending:
    """The shape of its request for a model it knows: tools come as an item of the input."""
    run: Json = {"type": "custom", "name": "exec", "description": "runs code"}
    run["format"] = GRAMMAR
    wait: Json = {"type": "function", "name": "wait", "description": "waits", "strict": False}
    wait["parameters"] = PATTERN
    group = {"type": "namespace", "name": "functions", "description": "", "tools": [run, wait]}
    item = {"type": "additional_tools", "role": "developer", "tools": [group]}
    return _codex(seat, [item, _developer("You are Codex.")], [])


def _run(talk: Talk) -> tuple[Bit, ...]:
    for tool in talk.tools:
        if "exec" in tool.name:
            if tool.schema is None:
                return (Bit("custom", ("ls ", "-la"), "call_1", tool.name),)
            name = next(iter(tool.schema.get("properties", {})), "input")
            return (Bit("tool", (f'{{"{name}":', '"ls -la"}'), "call_1", tool.name),)
    return (Bit("custom", ("ls ", "-la"), "call_1", "exec"),)


def count(seat: Seat) -> Sending:
    talk = Talk((said("how long is this?"),), ("Be brief.",), (Tool("Bash", PATTERN),))
    it = asks("messages", replace(talk, stream=False))(seat)
    body = json.loads(it.body)
    del body["max_tokens"]
    headers = [*it.headers, (b"anthropic-beta", b"token-counting-2024-11-01")]
    path = "/v1/messages/count_tokens?beta=true"
    return Sending(path, json.dumps(body).encode(), headers)


def _keyed(fields: tuple[str, ...]) -> Callable[[Seat], Sending]:
    def sending(seat: Seat) -> Sending:
        it = asks("messages", Talk((said("go"),)))(seat)
        bare = [(name, value) for name, value in it.headers if name != b"x-api-key"]
        key = seat.key.encode()
        values = {"x-api-key": key, "authorization": b"Bearer " + key}
        return replace(it, headers=[*bare, *((f.encode(), values[f]) for f in fields)])

    return sending


def _probe(seat: Seat) -> Sending:
    return Sending("/api/hello", headers=[(b"user-agent", b"Bun/1.4.4")], method="HEAD")


def _models(surface: str) -> Callable[[Seat], Sending]:
    def sending(seat: Seat) -> Sending:
        path = "/v1/models?limit=1000" if surface == "messages" else "/v1/models"
        return Sending(path, headers=headers_of(surface, seat.key)[1:], method="GET")

    return sending


def _websocket(seat: Seat) -> Sending:
    headers = [
        (b"authorization", b"Bearer " + seat.key.encode()),
        (b"user-agent", AGENTS["responses"]),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"openai-beta", b"responses_websockets=2026-02-06"),
    ]
    return Sending(PATHS["responses"], headers=headers, method="GET")


def _stranger(surface: str) -> Callable[[Seat], Sending]:
    def sending(seat: Seat) -> Sending:
        return asks(surface, Talk((said("go"),)))(replace(seat, model="no-such-model-anywhere"))

    return sending


def _nonsense(surface: str) -> Callable[[Seat], Sending]:
    def sending(seat: Seat) -> Sending:
        body = f'{{"model": "{seat.model}", "messages": [{seat.mark}'.encode()
        return Sending(PATHS[surface], body, headers_of(surface, seat.key))

    return sending


def judge_served(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, TEXT)


def _accepted(seen: Seen) -> bool:
    native = seen.case.upstream == seen.case.caller
    return seen.served() if native else accepted(seen)


def judge_claude_code(seen: Seen) -> None:
    if _accepted(seen):
        seen.want_equal("the client reads", seen.verdict.text, "I look.")
        calls = [(name, arguments) for _, name, arguments in seen.verdict.calls]
        seen.want_equal("the calls", calls, [("Bash", {"command": "ls"})])
        names = {tool.name for tool in seen.talk.tools}
        seen.want(names.issuperset(NAMES), f"tools that were offered: {sorted(names)}")


def _items_done(seen: Seen) -> list[Json]:
    """What Codex shows: nothing but the items in response.output_item.done."""
    lines = [line[6:] for line in seen.got.body.split(b"\n") if line.startswith(b"data: {")]
    events = [json.loads(line) for line in lines]
    ended = [event for event in events if event.get("type") == "response.completed"]
    seen.want(ended, "no response.completed: Codex reconnects, five times")
    done = [e for e in events if e.get("type") == "response.output_item.done"]
    return [members(event.get("item")) for event in done]


def judge_codex(seen: Seen) -> None:
    if _accepted(seen):
        pieces = [members(piece) for item in _items_done(seen)
                  for piece in entries(item.get("content"))]  # fmt: skip
        text = "".join(piece.get("text", "") for piece in pieces)
        seen.want_equal("Codex shows", text, TEXT)
        told = " ".join([*seen.talk.system, seen.talk.words()])
        seen.want("You are a coding agent." in told, "the instructions were lost")
        names = " ".join(tool.name for tool in seen.talk.tools)
        for name in ("exec_command", "spawn_agent"):
            seen.want(name in names, f"the model is not offered {name}, but: {names}")


def judge_codex_at_home(seen: Seen) -> None:
    if _accepted(seen):
        calls = [item for item in _items_done(seen) if item.get("type") == "custom_tool_call"]
        found = [(item.get("name"), item.get("input")) for item in calls]
        seen.want_equal("Codex runs", found, [("exec", "ls -la")])


def judge_count(seen: Seen) -> None:
    got = seen.got
    if not seen.want(got.status, f"no answer: {got.broke}"):
        return
    if got.status in (404, 405, 501):
        return  # it is optional: the client estimates for itself
    if seen.want_equal_status(200):
        number = members(json.loads(got.body)).get("input_tokens")
        seen.want(isinstance(number, int) and number > 0, f"counted: {number}")


def judge_probe(seen: Seen) -> None:
    if seen.want(seen.got.status, seen.got.broke):
        seen.want(not 300 <= seen.got.status < 400, f"a redirect: {seen.got.status}")


def judge_models(seen: Seen) -> None:
    if seen.want_equal_status(200):
        listed = [
            members(each).get("id") for each in entries(json.loads(seen.got.body)["data"])
        ]
        seen.want(listed and all(isinstance(id, str) for id in listed), f"models: {listed}")


def judge_websocket(seen: Seen) -> None:
    if seen.want(seen.got.status, seen.got.broke):
        status = seen.got.status
        seen.want(status in (101, 426), f"{status}: Codex tries for seconds, or gives up")


def judge_refused(seen: Seen) -> None:
    if not seen.want(seen.got.status, f"no answer: {seen.got.broke}"):
        return
    seen.want(seen.refused, f"the status {seen.got.status}")
    error = members(members(json.loads(seen.got.body)).get("error"))
    seen.want(error.get("message"), "no message that the client can show")
    if seen.case.caller == "messages":
        seen.want(error.get("type"), "no error.type that the client goes by")
