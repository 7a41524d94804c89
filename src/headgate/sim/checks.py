"""Which Messages bodies Anthropic refuses, and how a prompt is cut into blocks for the cache.

Rule 1: only what the reference states or every client meets is refused; the rest passes.
Rule 2: blocks come in prefix order: tools, system, messages; what invalidates a later level is
mixed into its first block; a text is the same alone and as a block.
(errors, prompt-caching and versioning pages, read 2026-11-20)
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

from headgate.sim.cache import Block
from headgate.sim.models import chars_per_token
from headgate.sim.text import encode

STRICT_VERSION = "2026-10-21"
IMAGE_TOKENS = 1_500
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ROLES = ("user", "assistant", "system")
_OBJECTS = (
    "cache_control",
    "metadata",
    "output_config",
    "thinking",
    "tool_choice",
    "diagnostics",
)


class Refused(ValueError):
    """The vendor answers with an error: its status, type, message and, at OpenAI, parameter."""

    def __init__(
        self, message: str, status: int = 400, kind: str = "", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param
        self.code = ""
        self.retry_after: float | None = None


def need(truth: bool, message: str) -> None:
    if not truth:
        raise Refused(message)


def check_messages(body: Any, version: str, *, counting: bool) -> None:
    need(isinstance(body, dict), "Input should be a valid dictionary")
    need(version != "", "anthropic-version: header is required")
    need(isinstance(body.get("model"), str) and body["model"] != "", "model: Field required")
    if body.get("thread"):
        raise _threadless()
    messages = body.get("messages")
    need(isinstance(messages, list), "messages: Field required")
    need(len(messages) > 0, "messages: at least one message is required")
    for i, message in enumerate(messages):
        _check_message(f"messages.{i}", message)
    _check_pairs(messages)
    if not counting:
        _check_max_tokens(body)
    for name in _OBJECTS:
        need(isinstance(body.get(name) or {}, dict), f"{name}: Input should be an object")
    form = (body.get("output_config") or {}).get("format") or {}
    need(isinstance(form, dict), "output_config.format: Input should be an object")
    _check_tools(body.get("tools"))
    _check_sampling(body, version)
    system = body.get("system", "")
    need(isinstance(system, str | list), "system: Input should be a valid string or list")
    _check_marks(body)


def _threadless() -> Refused:
    """Nothing is kept here from call to call: the SDK then sends the whole conversation."""
    wrong = Refused("thread: message threads are not kept here")
    wrong.code = "thread_unsupported_request"
    return wrong


def _check_max_tokens(body: dict[str, Any]) -> None:
    most = body.get("max_tokens")
    need(most is not None, "max_tokens: Field required")
    least = 1 if body.get("stream") else 0
    need(type(most) is int, "max_tokens: Input should be a valid integer")
    need(
        int(most or 0) >= least, f"max_tokens: Input should be greater than or equal to {least}"
    )


def _check_message(place: str, message: Any) -> None:
    need(isinstance(message, dict), f"{place}: Input should be a valid dictionary")
    need(message.get("role") in _ROLES, f"{place}.role: Input should be 'user' or 'assistant'")
    content = message.get("content")
    if isinstance(content, str):
        return
    need(isinstance(content, list), f"{place}.content: Input should be a valid list")
    for j, block in enumerate(content):
        spot = f"{place}.content.{j}"
        need(isinstance(block, dict), f"{spot}: Input should be a valid dictionary")
        kind = block.get("type")
        need(isinstance(kind, str), f"{spot}.type: Field required")
        if kind == "text":
            need(isinstance(block.get("text"), str), f"{spot}.text: Field required")
            need(block["text"] != "", "messages: text content blocks must be non-empty")
        if kind == "tool_use":
            good = isinstance(block.get("id"), str) and _TOOL_ID.fullmatch(block["id"])
            pattern = "^[a-zA-Z0-9_-]+$"
            need(bool(good), f"{spot}.tool_use.id: String should match pattern '{pattern}'")


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    """Every tool_use is answered in the next user turn, and nothing else is."""
    asked: set[str] = set()
    for i, message in enumerate(messages):
        blocks = [b for b in message["content"] if isinstance(b, dict)]
        results = {str(b.get("tool_use_id")) for b in blocks if b["type"] == "tool_result"}
        if message["role"] == "user":
            missing, stray = asked - results, results - asked
            need(
                not missing,
                f"messages.{i}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(sorted(missing))}.",
            )
            need(
                not stray,
                f"messages.{i}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(sorted(stray))}.",
            )
            asked = set()
        if message["role"] == "assistant":
            asked |= {b["id"] for b in blocks if b["type"] == "tool_use"}


def _check_tools(tools: Any) -> None:
    need(tools is None or isinstance(tools, list), "tools: Input should be a valid list")
    for i, tool in enumerate(tools or []):
        need(isinstance(tool, dict), f"tools.{i}: Input should be a valid dictionary")
        name = tool.get("name")
        if "input_schema" in tool:
            good = isinstance(name, str) and _TOOL_NAME.fullmatch(name)
            pattern = "^[a-zA-Z0-9_-]{1,128}$"
            need(bool(good), f"tools.{i}.custom.name: String should match pattern '{pattern}'")
        elif not isinstance(tool.get("type"), str):
            raise Refused(f"tools.{i}.custom.input_schema: Field required")


def _check_sampling(body: dict[str, Any], version: str) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if name in body and version >= STRICT_VERSION:
            raise Refused(f"{name}: not accepted with anthropic-version {version}")
    heat = body.get("temperature")
    if heat is not None:
        good = isinstance(heat, int | float) and not isinstance(heat, bool) and 0 <= heat <= 1
        need(good, "temperature: range: 0..1")


def _check_marks(body: dict[str, Any]) -> None:
    marked = _marked(body)
    marks = [ttl for _, ttl in marked if ttl]
    automatic = _ttl("cache_control", body.get("cache_control"))
    count = len(marks) + bool(automatic)
    most = "A maximum of 4 blocks with cache_control may be provided."
    need(count <= 4, f"{most} Found {count}.")
    for before, after in itertools.pairwise(marks):
        need(
            not (before == "5m" and after == "1h"),
            "cache_control.ttl: a ttl='1h' block must not come after a ttl='5m' block",
        )
    last = marked[-1][1] if marked else ""
    same = not (automatic and last) or last == automatic
    need(same, "cache_control: ttl differs from the last block's cache_control")


def _ttl(place: str, mark: Any) -> str:
    if mark is None:
        return ""
    need(isinstance(mark, dict), f"{place}: Input should be a valid dictionary")
    need(mark.get("type") == "ephemeral", f"{place}.type: Input should be 'ephemeral'")
    ttl = mark.get("ttl", "5m")
    need(ttl in ("5m", "1h"), f"{place}.ttl: Input should be '5m' or '1h'")
    return str(ttl)


def _marked(body: dict[str, Any]) -> list[tuple[Any, str]]:
    """Every markable block in prefix order with its TTL."""
    found: list[tuple[Any, str]] = []
    for i, tool in enumerate(body.get("tools") or []):
        ttl = _ttl(f"tools.{i}.cache_control", tool.get("cache_control"))
        late = ttl and tool.get("defer_loading")
        need(not late, f"tools.{i}: cache_control cannot be set with defer_loading")
        found.append((tool, ttl))
    for place, block in _prompt_blocks(body):
        mark = block.get("cache_control") if isinstance(block, dict) else None
        thinks = isinstance(block, dict) and "thinking" in str(block.get("type"))
        need(not (mark and thinks), f"{place}.cache_control: Extra inputs are not permitted")
        empty = isinstance(block, dict) and block.get("text") == ""
        need(
            not (mark and empty), f"{place}: cache_control cannot be set for empty text blocks"
        )
        found.append((block, _ttl(f"{place}.cache_control", mark)))
    return found


def _prompt_blocks(body: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    system = body.get("system") or []
    for j, block in enumerate([system] if isinstance(system, str) else system):
        good = isinstance(block, dict) or block is system
        need(good, f"system.{j}: Input should be a valid dictionary")
        found.append((f"system.{j}", block))
    for i, message in enumerate(body["messages"]):
        content = message["content"]
        for j, block in enumerate([content] if isinstance(content, str) else content):
            found.append((f"messages.{i}.content.{j}", block))
    return found


def levels(body: dict[str, Any]) -> list[str]:
    """To which of tools, system and messages each block of a prompt belongs."""
    system = body.get("system") or []
    systems = 1 if isinstance(system, str) else len(system)
    said = sum(len(_contents(message)) for message in body["messages"])
    return ["tools"] * len(_at_hand(body)) + ["system"] * systems + ["messages"] * said


def blocks(body: dict[str, Any], *, mixed: bool = True) -> list[Block]:
    """The prompt as the cache sees it: marks taken out, tokens counted, levels mixed in."""
    ratio = chars_per_token(body["model"])
    tools = _at_hand(body)
    body = {**body, "tools": tools}
    systems = levels(body).count("system")
    roles = [m["role"] for m in body["messages"] for _ in _contents(m)]
    found: list[Block] = []
    marked = _marked(body)
    for i, (block, ttl) in enumerate(marked):
        level = b""
        if i == len(tools):
            level = encode([body.get("speed"), _searches(tools)])
        if i == len(tools) + systems:
            level += _message_level(body)
        if i >= len(tools) + systems:
            level += roles[i - len(tools) - systems].encode()
        found.append(_cut(block, ttl, level if mixed else b"", ratio))
    automatic = _ttl("cache_control", body.get("cache_control"))
    last = max((i for i, (b, _) in enumerate(marked) if _can_mark(b)), default=-1)
    if automatic and last >= 0:
        found[last] = Block(found[last].data, found[last].tokens, automatic)
    return found


def _can_mark(block: Any) -> bool:
    return isinstance(block, str) or "thinking" not in str(block.get("type"))


def _contents(message: dict[str, Any]) -> list[Any]:
    content = message["content"]
    return [content] if isinstance(content, str) else content


def _at_hand(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools that stand in the prompt: not those that are only loaded when looked for."""
    return [tool for tool in body.get("tools") or [] if not tool.get("defer_loading")]


def _searches(tools: list[dict[str, Any]]) -> bool:
    return any(str(tool.get("type", "")).startswith("web_search") for tool in tools)


def _message_level(body: dict[str, Any]) -> bytes:
    """What makes earlier messages unreadable when it changes."""
    images = any(
        isinstance(block, dict) and block.get("type") == "image"
        for message in body["messages"]
        for block in _contents(message)
    )
    effort = (body.get("output_config") or {}).get("effort")
    return encode([body.get("tool_choice"), body.get("thinking"), effort, images])


def _cut(block: Any, ttl: str, level: bytes, ratio: float) -> Block:
    if isinstance(block, str):  # the same to the model as a block of it
        block = {"type": "text", "text": block}
    bare = {key: value for key, value in block.items() if key != "cache_control"}
    data = encode(bare)
    if bare.get("type") == "text":
        return Block(level + data, math.ceil(len(str(bare["text"])) / ratio), ttl)
    if bare.get("type") == "image":
        return Block(level + data, IMAGE_TOKENS, ttl)
    return Block(level + data, math.ceil(len(data) / ratio), ttl)
