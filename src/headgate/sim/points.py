"""How a prompt of OpenAI's is cut for its cache: at messages, and at the caller's breakpoints.

Rule 1: a text is the same alone and as a part of a list, so that a breakpoint may come and go.
Rule 2: pure; what the vendor refuses raises Refused. (prompt-caching guide, read 2026-11-21)
"""

from __future__ import annotations

import math
from typing import Any

from headgate.sim.cache import OPENAI_TOKEN_BYTES, Block, Points
from headgate.sim.models import charges_writes
from headgate.sim.openai import need, prompt, small
from headgate.sim.text import encode

_MARK = "prompt_cache_breakpoint"
_ASKING = ("user", "tool", "function", "system", "developer")
_TEXTS = ("text", "input_text", "output_text")
_MODES = ("implicit", "explicit")


def check(body: dict[str, Any]) -> None:
    """Refused: what the vendor does not take."""
    options = body.get("prompt_cache_options")
    named = "prompt_cache_options"
    need(isinstance(options or {}, dict), f"Invalid type for '{named}'.", named)
    mode, ttl = (options or {}).get("mode", "implicit"), (options or {}).get("ttl", "30m")
    need(mode in _MODES, f"Invalid value: '{mode}'.", f"{named}.mode")
    lives = ("30m", "12h") if "input" in body else ("30m",)
    need(ttl in lives, f"Invalid value: '{ttl}'.", f"{named}.ttl")
    marked = [part for item in _items(body) for part in _parts(item) if part.get(_MARK)]
    for part in marked:
        mark = part[_MARK]
        good = isinstance(mark, dict) and mark.get("mode") == "explicit"
        need(good and mark.get("ttl", ttl) in lives, f"Invalid '{_MARK}'.", _MARK)
    if not charges_writes(body["model"]):
        known = "is not supported with this model."
        need(not options, f"Unsupported parameter: '{named}' {known}", named)
        need(not marked, f"Unsupported parameter: '{_MARK}' {known}", _MARK)


def cut(body: dict[str, Any]) -> Points:
    """The prompt of a body that was checked."""
    options = body.get("prompt_cache_options") or {}
    ttl = options.get("ttl", "30m")
    pieces = [(encode(it), "") for it in (body.get("tools"), body.get("instructions")) if it]
    ends = []
    for item in _items(body):
        pieces += _pieces(item, ttl)
        if _is_eligible(item):
            ends.append(len(pieces) - 1)
    whole = math.ceil(len(prompt(_plain(body))) / OPENAI_TOKEN_BYTES)
    return Points(_blocks(pieces, whole), ends, options.get("mode") == "explicit", ttl)


def _blocks(pieces: list[tuple[bytes, str]], whole: int) -> list[Block]:
    """Tokens are spread over the pieces by their bytes, and add up to the whole."""
    length = sum(len(data) for data, _ in pieces) or 1
    found, before, at = [], 0, 0
    for data, mark in pieces:
        at += len(data)
        upto = math.ceil(whole * at / length)
        found.append(Block(data, upto - before, mark))
        before = upto
    return found


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    listed = body.get("messages", body.get("input"))
    if isinstance(listed, str):
        return [{"role": "user", "content": listed}]
    return listed if isinstance(listed, list) else []


def _place(item: dict[str, Any]) -> str:
    return "output" if str(item.get("type")).endswith("_output") else "content"


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a message or a result; a text is one."""
    said = item.get(_place(item))
    if isinstance(said, str):
        return [{"type": "text", "text": said}]
    return [it for it in said if isinstance(it, dict)] if isinstance(said, list) else []


def _pieces(item: dict[str, Any], ttl: str) -> list[tuple[bytes, str]]:
    head = encode({key: value for key, value in item.items() if key != _place(item)})
    found = []
    for part in _parts(item):
        mark = part.get(_MARK)
        bare = {key: value for key, value in part.items() if key != _MARK}
        text = str(bare["text"]).encode() if bare.get("type") in _TEXTS else b""
        data = text or encode(small(bare))
        found.append((head + data, mark.get("ttl", ttl) if mark else ""))
        head = b""
    return found or [(head, "")]


def _is_eligible(item: dict[str, Any]) -> bool:
    return item.get("role") in _ASKING or str(item.get("type")).endswith("_output")


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """The body as it would be without breakpoints, which add no token."""
    name = "messages" if "messages" in body else "input"
    items = _items(body)
    if not any(_MARK in part for item in items for part in _parts(item)):
        return body
    return {**body, name: [_without(item) for item in items]}


def _without(item: dict[str, Any]) -> dict[str, Any]:
    parts = _parts(item)
    if not any(_MARK in part for part in parts):
        return item
    bare = [{key: it for key, it in part.items() if key != _MARK} for part in parts]
    only_text = len(bare) == 1 and bare[0].get("type") in _TEXTS
    return {**item, _place(item): bare[0]["text"] if only_text else bare}
