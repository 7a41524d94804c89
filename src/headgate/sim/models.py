"""Which models the simulator lists, and the few facts of each that shape a reply.

Rule 1: a name that is not in the list is served like the newest of its vendor, unless told
otherwise; lists are for `GET /v1/models`, for cache minimums and for token ratios only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its vendor lists it."""

    id: str
    vendor: str
    """anthropic or openai"""
    display: str
    created: str
    """the day it was listed, ISO"""
    context: int = 1_000_000
    max_output: int = 128_000


def _claude(name: str, display: str, created: str, context: int = 1_000_000) -> Model:
    output = 128_000 if context > 200_000 else 64_000
    return Model(name, "anthropic", display, created, context, output)


def _gpt(name: str, created: str, context: int = 1_050_000, output: int = 128_000) -> Model:
    return Model(name, "openai", name, created, context, output)


MODELS: tuple[Model, ...] = (
    _claude("claude-fable-5-2", "Claude Fable 5.2", "2026-10-21"),
    _claude("claude-fable-5-1", "Claude Fable 5.1", "2026-08-31"),
    _claude("claude-opus-5-5", "Claude Opus 5.5", "2026-10-21"),
    _claude("claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-10-21"),
    _claude("claude-haiku-5-5", "Claude Haiku 5.5", "2026-10-21"),
    _claude("claude-opus-5", "Claude Opus 5", "2026-05-06"),
    _claude("claude-sonnet-5", "Claude Sonnet 5", "2026-05-06"),
    _claude("claude-opus-4-8", "Claude Opus 4.8", "2026-03-18"),
    _claude("claude-opus-4-6", "Claude Opus 4.6", "2026-02-04"),
    _claude("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17"),
    _claude("claude-haiku-4-5", "Claude Haiku 4.5", "2025-10-15", 200_000),
    _claude("claude-sonnet-4-5", "Claude Sonnet 4.5", "2025-09-29", 200_000),
    _gpt("gpt-6-astra", "2026-09-15"),
    _gpt("gpt-6.1-sol", "2026-10-28"),
    _gpt("gpt-6.1-terra", "2026-10-28"),
    _gpt("gpt-6-luna", "2026-09-15"),
    _gpt("gpt-5.6-sol", "2026-06-30"),
    _gpt("gpt-5.5", "2026-04-23"),
    _gpt("gpt-5.4-mini", "2026-03-05", 400_000),
    _gpt("gpt-5", "2025-08-07", 400_000),
    _gpt("gpt-4.1", "2025-04-14", 1_000_000, 32_768),
    _gpt("gpt-4o", "2024-05-13", 128_000, 16_384),
    _gpt("gpt-4o-mini", "2024-07-18", 128_000, 16_384),
    _gpt("text-embedding-3-small", "2024-01-22", 8_191, 0),
    _gpt("text-embedding-3-large", "2024-01-22", 8_191, 0),
)

# Shortest prefix Anthropic caches, by family (prompt-caching page, 2026-11-20). First match.
_CACHE_MINIMUM: tuple[tuple[str, int], ...] = (
    ("claude-opus-4-8*", 1024),
    ("claude-opus-4-7*", 2048),
    ("claude-opus-4-[56]*", 4096),
    ("claude-opus-4*", 1024),
    ("claude-haiku-4-5*", 4096),
    ("claude-mythos-preview*", 2048),
    ("claude-3-5-haiku*", 2048),
    ("claude-3*", 1024),
    ("claude-sonnet-4*", 1024),
    ("claude-sonnet-5", 1024),
    ("claude-sonnet-5-20*", 1024),
)

_OLD_TOKENIZER = (
    "claude-3*",
    "claude-opus-4-[0156]*",
    "claude-opus-4-20*",
    "claude-sonnet-4*",
    "claude-haiku-4*",
)

_FREE_WRITES = ("gpt-4*", "gpt-3*", "gpt-5", "gpt-5-*", "gpt-5.[0-5]*", "o[1-9]*", "chatgpt*")


def find(name: str) -> Model | None:
    return next((model for model in MODELS if model.id == name), None)


def cache_minimum(model: str) -> int:
    """Tokens below which Anthropic silently does not cache a prefix."""
    return next((least for glob, least in _CACHE_MINIMUM if fnmatchcase(model, glob)), 512)


def charges_writes(model: str) -> bool:
    """Whether OpenAI charges cache writes: from gpt-5.6 on."""
    return not any(fnmatchcase(model, glob) for glob in _FREE_WRITES)


def chars_per_token(model: str) -> float:
    """Newer Claude models cut the same text into about 30 % more tokens."""
    if model.startswith("claude") and not any(fnmatchcase(model, g) for g in _OLD_TOKENIZER):
        return 3.2
    return 4.0
