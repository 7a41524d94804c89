"""What the proof on a thinking block is bound to: the conversation before it, and who paid.

Rule 1: system, tools and every earlier message must be what they were; cache marks and the two
forms of a text make no difference. (preserved-thinking page, read 2026-11-20: the page does not
say how marks count; to count them would forbid every client that moves its marks)
Rule 2: a block of another model, and a proof nobody here made, is dropped in silence.
Rule 3: nothing is remembered: a proof carries what it is bound to.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Any

import msgspec

from headgate.sim.checks import Refused
from headgate.sim.text import SIGNED

_BINDING = (
    "claude-fable-5-[12]*",
    "claude-mythos-5-[12]*",
    "claude-opus-5-5*",
    "claude-sonnet-5-5*",
    "claude-haiku-5-5*",
)
_OF_ONE_ACCOUNT = ("claude-sonnet-5-5*", "claude-haiku-5-5*")
_WIDTH = 16
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_THINKING = ("thinking", "redacted_thinking")
_DROPS = "drop_block"


def bond(body: dict[str, Any], key: str) -> bytes:
    """What the thinking of the reply to this request is bound to; empty: to nothing."""
    if not _matches(body["model"], _BINDING):
        return b""
    state = _opening(body)
    for message in body["messages"]:
        state.update(_said(message))
    return _whose(body["model"], key) + state.digest()


def check(body: dict[str, Any], key: str) -> None:
    """Refused where a thinking block stands in another conversation than its own."""
    thinking = body.get("thinking") or {}
    binding = thinking.get("block_binding") or {}
    lenient = isinstance(binding, dict) and binding.get("prefix_mismatch_behavior") == _DROPS
    if lenient or not _matches(body["model"], _BINDING):
        return
    whose = _whose(body["model"], key)
    bonds = {i: [*_bonds(message)] for i, message in enumerate(body["messages"])}
    last = max((i for i, found in bonds.items() if found), default=-1)
    state = _opening(body) if last >= 0 else blake2b()
    for i, message in enumerate(body["messages"][: last + 1]):
        if message["role"] == "assistant":
            for j, bound in bonds[i]:
                same_model = bound[:_WIDTH] == whose[:_WIDTH]
                if same_model and bound != whose + state.digest():
                    raise Refused(
                        f"messages.{i}.content.{j}: Invalid `signature` in `thinking` block. "
                        "The block is bound to a different conversation: send system, tools "
                        "and every earlier message as they were when it was made."
                    )
        state.update(_said(message))


def _bonds(message: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """Where a message holds proofs of ours that bind, and what they are bound to."""
    content = message["content"]
    for j, block in enumerate(content if isinstance(content, list) else []):
        if isinstance(block, dict) and block.get("type") in _THINKING:
            sealed = block.get("signature") or block.get("data") or ""
            try:
                whole = base64.b64decode(str(sealed), validate=True)
            except (binascii.Error, ValueError):
                continue
            bound = whole[-3 * _WIDTH :]
            if whole.startswith(SIGNED) and len(whole) > len(SIGNED) + len(bound):
                yield j, bound


def _whose(model: str, key: str) -> bytes:
    """Which model thought, and for those that ask for it, on whose account."""
    payer = key if _matches(model, _OF_ONE_ACCOUNT) else ""
    return _hash(model.encode()) + _hash(payer.encode())


def _opening(body: dict[str, Any]) -> blake2b:
    state = blake2b(digest_size=_WIDTH)
    for name in ("tools", "system"):
        state.update(_ENCODE([name, _blocks(body.get(name) or [])]))
    return state


def _said(message: dict[str, Any]) -> bytes:
    return _ENCODE([message["role"], _blocks(message["content"])])


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_unmarked(block) for block in content] if isinstance(content, list) else [content]


def _unmarked(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    if block.get("type") == "tool_result" and "content" in bare:
        bare["content"] = _blocks(bare["content"])
    return bare


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=_WIDTH).digest()


def _matches(model: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(model, glob) for glob in globs)
