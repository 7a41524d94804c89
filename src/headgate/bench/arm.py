"""An arm: a model and the way it is asked. Arms are what a benchmark compares.

Rule 1: what all answers of an arm share comes first in its request, so that a prompt cache can
hold it; what varies (the task, the sample) comes last.
Rule 2: two arms with one name, or with one content, are a mistake, and said to be.
"""

from __future__ import annotations

import hashlib

import msgspec

SYSTEM = (
    "You write code. Answer with the whole content of one file in a single fenced code block, "
    "and nothing after it. Use the names that the task gives."
)
"""where an arm has no words of its own"""
MOST_TOKENS = 2048
TEMPERATURE = 0.2


class Shot(msgspec.Struct, frozen=True):
    """An example of a task and its answer, shown before the task."""

    prompt: str
    answer: str


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """A model and the way it is asked."""

    name: str
    model: str
    """as the gateway knows it: a name, a route, provider:model"""
    system: str = SYSTEM
    shots: tuple[Shot, ...] = ()
    after: str = ""
    """words that vary between arms and stand after the task, where they break no cache"""
    temperature: float | None = TEMPERATURE
    """None: as the model has it; one that refuses it is asked again without, and it is told"""
    max_tokens: int = MOST_TOKENS

    @property
    def digest(self) -> str:
        """Of all that is asked of the model beside the task."""
        told = msgspec.structs.replace(self, name="")
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()
