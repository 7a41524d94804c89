"""Knows how recorders name vendors, models, kinds of call and failures, and how the book does.

Rule 1: a vendor nobody knows is left empty: prices then are those of whoever makes the model.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from headgate.wire.model import Kind

KEPT = 4_096
"""names that are remembered: few stand in many rows"""

_VENDORS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "azure": "azure",
    "azureai": "azure",
    "azureopenai": "azure",
    "bedrock": "aws",
    "bedrockconverse": "aws",
    "amazonbedrock": "aws",
    "aws": "aws",
    "sagemaker": "aws",
    "vertexai": "google",
    "vertex": "google",
    "gemini": "google",
    "google": "google",
    "googlevertex": "google",
    "xai": "x-ai",
    "togetherai": "together",
    "fireworksai": "fireworks",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
}
_SAME = (
    *(
        "cerebras",
        "cohere",
        "databricks",
        "deepseek",
        "fireworks",
        "groq",
        "minimax",
        "mistral",
    ),
    *("moonshotai", "novita", "openrouter", "perplexity", "together", "voyageai", "zai"),
    *("cloudflare", "baseten", "ovhcloud"),
)
_VENDORS |= {name: name for name in _SAME}

_SURFACES = {
    "completion": "chat",
    "textcompletion": "chat",
    "chatcompletion": "chat",
    "chatcompletions": "chat",
    "chat": "chat",
    "responses": "responses",
    "anthropicmessages": "messages",
    "messages": "messages",
    "embedding": "embeddings",
    "embeddings": "embeddings",
}

_TIERS = ("batch", "flex", "priority", "fast", "scale")

_NAMED = re.compile(r"claude[ -]", re.IGNORECASE)
_DAY = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@lru_cache(maxsize=KEPT)
def vendor(name: str) -> str:
    """As prices know it; empty: nobody does."""
    return _VENDORS.get("".join(c for c in name.casefold() if c.isalnum()), "")


@lru_cache(maxsize=KEPT)
def bare(model: str, provider: str) -> str:
    """A model's name without the vendor that recorders put ahead of it."""
    ahead, slash, rest = model.partition("/")
    return rest if slash and rest and (ahead == provider or vendor(ahead)) else model


@lru_cache(maxsize=KEPT)
def surface(call: str) -> str:
    """Which kind of call it was, from a name such as acompletion; what else it is called."""
    name = "".join(c for c in call.casefold() if c.isalnum())
    known = _SURFACES.get(name) or _SURFACES.get(name.removeprefix("a"))
    return known or call


@lru_cache(maxsize=KEPT)
def surface_of_path(path: str) -> str:
    """The same, from the path of its URL."""
    for end, name in (
        ("/messages", "messages"),
        ("/chat/completions", "chat"),
        ("/completions", "chat"),
        ("/responses", "responses"),
        ("/embeddings", "embeddings"),
    ):
        if path.partition("?")[0].endswith(end):
            return name
    return ""


def fault(status: int) -> str:
    """What kind of failure a status stands for; empty: it is none."""
    if status < 400:
        return ""
    if status in (401, 402, 403):
        return Kind.UPSTREAM_AUTH
    if status == 429:
        return Kind.UPSTREAM_LIMITED
    if status in (408, 504):
        return Kind.TIMEOUT
    if status in (503, 529):
        return Kind.OVERLOADED
    return Kind.UPSTREAM_INVALID if status < 500 else Kind.UPSTREAM


def terms(tier: object, speed: object = "", geo: object = "") -> dict[str, Any]:
    """The terms that prices differ by, as fields of a Draft; standard ones are left empty."""
    named = str(tier or "").casefold()
    return {
        "tier": named if named in _TIERS else "",
        "speed": "fast" if speed == "fast" else "",
        "geo": "us" if geo == "us" else "",
    }


@lru_cache(maxsize=KEPT)
def model_id(name: str) -> str:
    """The id of a model that is told by the name people read, such as Claude Sonnet 4.5.

    Up to Claude 3.7 the number stands ahead of the family in ids, whatever the name has.
    """
    if not (_NAMED.match(name) and " " in name):
        return name
    day = _DAY.search(name)
    words = _DAY.sub("", name).lower().replace("(", " ").replace(")", " ").split()[1:]
    number = next((word for word in words if _NUMBER.fullmatch(word)), "")
    family = [word for word in words if word != number]
    dashed = number.replace(".", "-")
    order = [dashed, *family] if number and float(number) < 4 else [*family, dashed]
    parts = ["claude", *(part for part in order if part)]
    return "-".join(parts + (["".join(day.groups())] if day else []))
