"""Seals of thoughts, wrapped so that they survive a client that speaks another dialect.

Rule 1: a wrapped seal names its maker; it is unwrapped for that maker alone, and no other
vendor ever sees it: a foreign signature is refused by Anthropic, and by OpenAI too.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.meaning import Thought

START = "gw1.~"
"""how every seal that we wrapped begins"""

_WORD = START.encode()
_TILDE = START.index("~")
_RARE = 256
"""tildes that are looked at one by one"""
_CONTENT = msgspec.json.Decoder(tuple[str, str, str, str, bool])


def may_hold(body: bytes) -> bool:
    """Is there anything in it that we sealed. Asked of every body that passes.

    Looking for one rare byte costs 8 us a megabyte, looking for a word 500: that is what the
    tilde is for. Where it is not rare, the word is looked for after all.
    """
    at = body.find(b"~")
    for _ in range(_RARE):
        if at < 0:
            return False
        if body.startswith(_WORD, max(0, at - _TILDE)):
            return True
        at = body.find(b"~", at + 1)
    return _WORD in body


def wrap(thought: Thought) -> str:
    """The whole thought in one opaque word that a client sends back unread."""
    content = (thought.maker, thought.id, thought.text, thought.seal, thought.redacted)
    return START + base64.urlsafe_b64encode(msgspec.json.encode(content)).decode()


def unwrap(seal: str) -> Thought | None:
    """The thought that `wrap` was given; None when the seal is not one of ours."""
    if not seal.startswith(START):
        return None
    try:
        content = base64.urlsafe_b64decode(seal[len(START) :])
        maker, id, text, inner, redacted = _CONTENT.decode(content)
    except (binascii.Error, ValueError, *BROKEN):
        return Thought(maker="unknown")
    return Thought(text, inner, redacted, maker, id)
