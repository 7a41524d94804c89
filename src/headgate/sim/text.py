"""What a simulated model says: identifiers, prose and sample values, all from a seed.

Rule 1: the same seed and the same number of a call give the same bytes; nothing reads a clock.
Rule 2: everything a reader could take for a model's words begins by saying it is simulated.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from typing import Any

import msgspec

SIGNED = b"simulated"
"""begins every proof on a thinking block"""
OPENING = "[simulated] No model was called; "
_PROSE = (
    "this reply comes from a stage set. The river of requests arrives, the gate counts what "
    "passes, and every token written here costs nothing at all. A reply may be short or long, "
    "quick or slow, whole or broken, as the script of the day demands. What stays the same is "
    "the form: a beginning that names itself, a middle that fills the page, and an end that "
    "says it is the end. "
)
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DEEPEST = 6


def digest(seed: int, n: int, purpose: str) -> bytes:
    """32 bytes that depend on nothing but the arguments."""
    return hashlib.blake2b(f"{seed}/{n}/{purpose}".encode(), digest_size=32).digest()


def dice(seed: int, n: int, purpose: str) -> float:
    """A fraction in [0, 1) that depends on nothing but the arguments."""
    return int.from_bytes(digest(seed, n, purpose)[:8], "big") / 2**64


def mint(seed: int, n: int, prefix: str, length: int = 22) -> str:
    """An identifier as vendors write them: a prefix, letters and digits, no look-alikes."""
    number = int.from_bytes(digest(seed, n, prefix), "big")
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return prefix + "".join(letters)


def mint_hex(seed: int, n: int, prefix: str, length: int = 48) -> str:
    """An identifier of hexadecimal digits, at most 64 of them."""
    return prefix + digest(seed, n, prefix).hex()[:length]


def prose(tokens: int, chars_per_token: float) -> str:
    """Text of about so many tokens; never less than the words that call it simulated."""
    wanted = max(len("[simulated]"), int(tokens * chars_per_token))
    text = OPENING + _PROSE * (wanted // len(_PROSE) + 1)
    return text[:wanted]


def pieces(text: str, count: int) -> list[str]:
    """Cut a text into `count` pieces of nearly equal length, fewer where it is shorter."""
    count = max(1, min(count, len(text)))
    edges = [len(text) * i // count for i in range(count + 1)]
    return [text[a:b] for a, b in itertools.pairwise(edges)]


def signature(seed: int, n: int, bound: bytes = b"") -> str:
    """What stands for the proof on a thinking block, and holds what it is bound to."""
    return base64.b64encode(SIGNED + digest(seed, n, "signature") + bound).decode()


def encode(value: object) -> bytes:
    """Compact JSON."""
    return msgspec.json.encode(value)


def sample(schema: Any, depth: int = 0) -> Any:
    """The plainest value a JSON schema allows, as far as it can be read off its keywords."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return "simulated"
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    for keyword in ("anyOf", "oneOf", "allOf"):
        if schema.get(keyword):
            return sample(schema[keyword][0], depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "null"
    return _sample_of(kind, schema, depth)


def _sample_of(kind: str, schema: dict[str, Any], depth: int) -> Any:
    if kind == "object":
        properties = schema.get("properties") or {}
        wanted = schema.get("required") or []
        return {name: sample(properties.get(name), depth + 1) for name in wanted}
    if kind == "array":
        return [sample(schema.get("items"), depth + 1)] * int(schema.get("minItems") or 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "string":
        return "simulated".ljust(int(schema.get("minLength") or 0), ".")
    return False if kind == "boolean" else None
