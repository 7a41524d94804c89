"""What every benchmark sends and is answered: the same bytes on every machine and in every run.

Rule 1: nothing here depends on a clock, a die or the machine; two runs may be compared.
Rule 2: shapes are the vendors' own (system, tools, tool results; usage in the reply), so that
        a gateway has to do all of its work; only the words are made up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ANTHROPIC_MODEL = "claude-sonnet-4-5"
OPENAI_MODEL = "gpt-4o-mini"
ACROSS_MODEL = "across"
"""a name that callers of one vendor use for a model of the other"""
STREAM_EVENTS = 50
STAMP = "@ns=" + "0" * 19
SERIAL = "@call=" + "0" * 12
"""what the load tool counts up in each request: no two ask the same, as nobody's calls do"""
SDK_MARK = "headers-of-an-sdk"
"""a text in the request that makes the upstream answer with a vendor's many header fields"""

PHRASES = (
    "the parser keeps every byte it does not own and the writer commits rows in groups so a "
    "slow disk delays nobody; café naïve §3 “quoted” -> line\n\tindent {brace} [list] \\path "
    "a cache entry lives for five minutes unless the prefix is read again within that time"
)
WORDS = PHRASES.split(" ")

Json = dict[str, object]


def _long(length: int) -> str:
    parts: list[str] = []
    size = 0
    while size < length:
        i = len(parts)
        parts.append(WORDS[(i * 7919 + (i * i >> 3) * 31) % len(WORDS)])
        size += len(parts[-1]) + 1
    return " ".join(parts)


TEXT = _long(150_000)


def prose(seed: int, length: int) -> str:
    """Text of exactly `length` characters, a different one for every seed."""
    at = seed * 9_973 % len(TEXT)
    return (TEXT[at:] + TEXT * (1 + length // len(TEXT)))[:length]


def tool(index: int, length: int) -> Json:
    return {
        "name": f"tool_{index:02d}",
        "description": prose(index + 100, length),
        "input_schema": {
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": prose(index + 200, length // 4)},
                "limit": {"type": "integer", "minimum": 1, "maximum": 2000},
                "mode": {"type": "string", "enum": ["read", "write", "append"]},
            },
            "required": ["path"],
        },
    }


def turn(index: int, length: int) -> Json:
    """User and assistant by turns; every other pair is a tool's call and its result."""
    role = "user" if index % 2 == 0 else "assistant"
    text = prose(index + 300, length)
    if index % 4 == 1:
        call = {
            "type": "tool_use",
            "id": f"toolu_{index:024d}",
            "name": "tool_00",
            "input": {
                "path": f"src/module_{index}.py",
                "limit": 200,
                "text": text[: length // 8],
            },
        }
        return {"role": role, "content": [{"type": "text", "text": text[length // 8 :]}, call]}
    if index % 4 == 2:
        result = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{index - 1:024d}",
            "content": text,
        }
        return {"role": role, "content": [result]}
    return {"role": role, "content": [{"type": "text", "text": text}]}


def messages_call(tools: int, turns: int, length: int) -> Json:
    messages = [turn(i, length) for i in range(turns)]
    content = messages[-1]["content"]
    assert isinstance(content, list)
    last = content[-1]
    said = "text" if last["type"] == "text" else "content"
    last[said] = f"{SERIAL} {last[said]}"
    return {
        "model": ANTHROPIC_MODEL,
        "max_tokens": 1024,
        "system": [{"type": "text", "text": prose(1, length)}],
        "tools": [tool(i, length // 4) for i in range(tools)],
        "messages": messages,
    }


def chat_turn(message: Json) -> list[Json]:
    """One Messages turn as the messages Chat Completions needs for it."""
    content = message["content"]
    assert isinstance(content, list)
    text = "".join(str(part.get("text", "")) for part in content)
    calls = [
        {
            "id": part["id"],
            "type": "function",
            "function": {"name": part["name"], "arguments": json.dumps(part["input"])},
        }
        for part in content
        if part["type"] == "tool_use"
    ]
    results: list[Json] = [
        {"role": "tool", "tool_call_id": part["tool_use_id"], "content": part["content"]}
        for part in content
        if part["type"] == "tool_result"
    ]
    if results:
        return results
    return [
        {"role": message["role"], "content": text} | ({"tool_calls": calls} if calls else {})
    ]


def chat_call(call: Json) -> Json:
    """The same conversation for Chat Completions."""
    system, tools, turns = call["system"], call["tools"], call["messages"]
    assert isinstance(system, list)
    assert isinstance(tools, list)
    assert isinstance(turns, list)
    messages: list[Json] = [{"role": "system", "content": system[0]["text"]}]
    for message in turns:
        messages.extend(chat_turn(message))
    functions = [
        {
            "type": "function",
            "function": {
                "name": item["name"],
                "description": item["description"],
                "parameters": item["input_schema"],
            },
        }
        for item in tools
    ]
    return {
        "model": OPENAI_MODEL,
        "max_tokens": 1024,
        "messages": messages,
        "tools": functions,
    }


def encode(value: Json) -> bytes:
    """JSON as the official SDKs write it: no spaces, no escapes beyond the needed ones."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sized(tools: int, turns: int, size: int) -> Json:
    """The call with these counts whose encoding comes nearest to `size` bytes from below."""
    low, high = 8, size
    while high - low > 1:
        middle = (low + high) // 2
        if len(encode(messages_call(tools, turns, middle))) <= size:
            low = middle
        else:
            high = middle
    return messages_call(tools, turns, low)


USAGE: Json = {
    "input_tokens": 812,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 24_576,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 173,
    "service_tier": "standard",
}
ANTHROPIC_HEADERS = "content-type: application/json\nrequest-id: req_011CVHBenchmarkReply000\n"
SDK_REPLY_HEADERS = (
    "date: Fri, 20 Nov 2026 08:00:00 GMT\n"
    "anthropic-organization-id: 6f1d5f7a-0000-4000-8000-000000000000\n"
    + "".join(
        f"anthropic-ratelimit-{what}-limit: 4000000\n"
        f"anthropic-ratelimit-{what}-remaining: 3999000\n"
        f"anthropic-ratelimit-{what}-reset: 2026-11-20T08:00:01Z\n"
        for what in ("requests", "tokens", "input-tokens", "output-tokens")
    )
    + "strict-transport-security: max-age=31536000; includeSubDomains; preload\n"
    "cf-cache-status: DYNAMIC\ncf-ray: 9a1b2c3d4e5f0000-FRA\nserver: cloudflare\n"
    "via: 1.1 google\nx-envoy-upstream-service-time: 812\nx-robots-tag: none\n"
)


def anthropic_reply() -> bytes:
    return encode(
        {
            "id": "msg_01BenchmarkReply0000000000",
            "type": "message",
            "role": "assistant",
            "model": ANTHROPIC_MODEL,
            "content": [{"type": "text", "text": prose(7, 560)}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": USAGE,
        }
    )


CHAT_USAGE: Json = {
    "prompt_tokens": 25_388,
    "completion_tokens": 173,
    "total_tokens": 25_561,
    "prompt_tokens_details": {"cached_tokens": 24_576, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def chat_reply() -> bytes:
    message = {"role": "assistant", "content": prose(7, 560), "refusal": None}
    return encode(
        {
            "id": "chatcmpl-BenchmarkReply000000000000",
            "object": "chat.completion",
            "created": 1_795_000_000,
            "model": OPENAI_MODEL,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            ],
            "usage": CHAT_USAGE,
            "service_tier": "default",
            "system_fingerprint": "fp_benchmark",
        }
    )


def anthropic_events() -> bytes:
    """Fifty events: six that frame the message and forty-four stamped deltas."""
    start: Json = {
        "id": "msg_01BenchmarkStream000000000",
        "type": "message",
        "role": "assistant",
        "model": ANTHROPIC_MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": USAGE | {"output_tokens": 2},
    }
    block = {"type": "text", "text": ""}
    events: list[Json] = [
        {"type": "message_start", "message": start},
        {"type": "ping"},
        {"type": "content_block_start", "index": 0, "content_block": block},
    ]
    for i in range(STREAM_EVENTS - 6):
        delta = {"type": "text_delta", "text": f"{STAMP} {prose(i, 24)}"}
        events.append({"type": "content_block_delta", "index": 0, "delta": delta})
    events.append({"type": "content_block_stop", "index": 0})
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 173}})
    events.append({"type": "message_stop"})
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (str(e["type"]).encode(), encode(e)) for e in events
    )


def chat_events() -> bytes:
    def chunk(choices: list[Json], usage: Json | None) -> bytes:
        value: Json = {
            "id": "chatcmpl-BenchmarkStream00000000000",
            "object": "chat.completion.chunk",
            "created": 1_795_000_000,
            "model": OPENAI_MODEL,
            "choices": choices,
            "usage": usage,
        }
        return b"data: " + encode(value) + b"\n\n"

    def choice(delta: Json, reason: str | None = None) -> list[Json]:
        return [{"index": 0, "delta": delta, "finish_reason": reason}]

    parts = [chunk(choice({"role": "assistant", "content": ""}), None)]
    parts += [
        chunk(choice({"content": f"{STAMP} {prose(i, 24)}"}), None)
        for i in range(STREAM_EVENTS - 4)
    ]
    parts += [chunk(choice({}, "stop"), None), chunk([], CHAT_USAGE), b"data: [DONE]\n\n"]
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Bodies:
    """Where the files lie: requests by name, and what the upstream serves for them."""

    folder: Path

    def request(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def upstream_arguments(self) -> list[str]:
        """The --on arguments of the upstream tool; the first match serves."""
        chat, messages = "/v1/chat/completions", "/v1/messages"
        rows: list[tuple[str, str, str, str]] = []
        for spelling in ('"stream":true', '"stream": true'):
            rows.append((messages, "stream", spelling, "anthropic.stream"))
            rows.append((chat, "stream", spelling, "chat.stream"))
        rows.append((messages, "reply", SDK_MARK, "anthropic-sdk.reply"))
        rows.append((messages, "reply", "-", "anthropic.reply"))
        rows.append((chat, "reply", "-", "chat.reply"))
        found: list[str] = []
        for path, kind, marker, name in rows:
            found += ["--on", path, kind, marker, str(self.folder / name)]
        return found


def write(folder: Path) -> Bodies:
    """Write every request and reply into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    small, large, huge = sized(1, 1, 1_086), sized(15, 24, 103_665), sized(15, 240, 1_048_576)
    marked = small | {"metadata": {"user_id": SDK_MARK}}
    chat = chat_call(small)
    streamed_chat = chat | {"stream": True, "stream_options": {"include_usage": True}}
    requests = {
        "messages-1k": small,
        "messages-1k-sdk": marked,
        "messages-1k-stream": small | {"stream": True},
        "messages-1k-across": small | {"model": ACROSS_MODEL},
        "messages-100k": large,
        "messages-1m": huge,
        "chat-1k": chat,
        "chat-1k-stream": streamed_chat,
        "chat-100k": chat_call(large),
    }
    for name, value in requests.items():
        (folder / f"{name}.json").write_bytes(encode(value))
    sse = b"content-type: text/event-stream; charset=utf-8\ncache-control: no-cache\n"
    plain, rich = ANTHROPIC_HEADERS.encode(), SDK_REPLY_HEADERS.encode()
    openai = b"content-type: application/json\nx-request-id: req_0123456789benchmark\n"
    served = {
        "anthropic.reply": plain + b"\n" + anthropic_reply(),
        "anthropic-sdk.reply": plain + rich + b"\n" + anthropic_reply(),
        "anthropic.stream": sse + b"request-id: req_011CVHBenchmark\n\n" + anthropic_events(),
        "chat.reply": openai + b"\n" + chat_reply(),
        "chat.stream": sse + b"x-request-id: req_0123456789\n\n" + chat_events(),
    }
    for name, content in served.items():
        (folder / name).write_bytes(content)
    return Bodies(folder)
