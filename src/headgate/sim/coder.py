"""Simulated models that solve known tasks, right or wrong at known rates.

Rule 1: what is answered follows from the seed, the model, the task and the sample's number
alone, so a run that is killed and goes on hears what it would have heard.
Rule 2: tasks differ in how hard they are, and every model finds the same ones hard; the mean
over tasks is the rate that was asked for, so a report's truth is known.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec


class BookError(ValueError):
    """A book of answers that cannot be read."""


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a model answers; what is left over is wrong in the way of a mutant."""

    right: float = 0.8
    broken: float = 0.0
    """of what is not right: no syntax"""
    prose: float = 0.0
    """of what is not right: no code at all"""
    several: float = 0.0
    """of what is right: a second block shows how to use it"""
    spread: float = 0.25
    """how far a task's own rate lies from the mean, at most"""
    tokens: int = 0
    """words of explanation before the code"""


class Known(msgspec.Struct, frozen=True):
    """A task and its answers."""

    id: str
    prompt: str
    language: str
    right: str
    wrong: tuple[str, ...]


class Written(msgspec.Struct, frozen=True):
    """The file."""

    models: dict[str, Rates]
    tasks: tuple[Known, ...]


@dataclass(slots=True)
class Book:
    """What simulated models know."""

    models: Mapping[str, Rates]
    tasks: Sequence[Known]
    seed: int = 0
    _rank: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        order = sorted(self.tasks, key=lambda it: self._dice("hard", it.id))
        self._rank = {it.id: n for n, it in enumerate(order)}

    def chance(self, rates: Rates, task: str) -> float:
        """How likely a model is right about a task; over all tasks the mean is `right`."""
        count = len(self.tasks)
        spread = min(rates.spread, rates.right, 1 - rates.right)
        place = (2 * self._rank[task] + 1) / count - 1 if count > 1 else 0.0
        return rates.right + spread * place

    def says(self, model: str, body: Mapping[str, Any], sample: int) -> str:
        """The answer to a request; empty: the book does not know what is asked."""
        rates = self._rates(model)
        task = self._asked(body) if rates is not None else None
        if rates is None or task is None:
            return ""
        at = (model, task.id, str(sample))
        if self._dice("right", *at) < self.chance(rates, task.id):
            more = self._dice("several", *at) < rates.several
            usage = f"\n\nUse it so:\n\n```{task.language}\n...\n```" if more else ""
            return self._written(rates, task, task.right) + usage
        manner = self._dice("manner", *at)
        if manner < rates.prose:
            return "I would first think about the edge cases, then write a small function."
        if manner < rates.prose + rates.broken or not task.wrong:
            return self._written(rates, task, task.right.rstrip() + "\n)(\n")
        choice = int(self._dice("mutant", *at) * len(task.wrong))
        return self._written(rates, task, task.wrong[choice])

    def _written(self, rates: Rates, task: Known, code: str) -> str:
        words = " ".join(["well"] * rates.tokens)
        return f"{words}\n\n```{task.language}\n{code.strip()}\n```"

    def _rates(self, model: str) -> Rates | None:
        for pattern, rates in self.models.items():
            if fnmatch.fnmatchcase(model, pattern):
                return rates
        return None

    def _asked(self, body: Mapping[str, Any]) -> Known | None:
        """The task whose words are in the last turn; of several the one with the most words."""
        text = _last_turn(body)
        found = [it for it in self.tasks if it.prompt.strip() in text]
        return max(found, key=lambda it: len(it.prompt), default=None)

    def _dice(self, *words: str) -> float:
        told = "\0".join((str(self.seed), *words)).encode()
        return int.from_bytes(hashlib.blake2b(told, digest_size=7).digest(), "big") / 2**56


def _last_turn(body: Mapping[str, Any]) -> str:
    """The text of the last turn, whichever surface it came by."""
    turns = body.get("messages") or body.get("input") or ""
    if isinstance(turns, str):
        return turns
    content = turns[-1].get("content") if turns and isinstance(turns[-1], dict) else ""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(it.get("text", "")) for it in blocks if isinstance(it, dict))


def read(path: Path, seed: int) -> Book:
    """The book of a file that `headgate bench answers` wrote."""
    try:
        written = msgspec.json.decode(path.read_bytes(), type=Written)
    except (OSError, msgspec.MsgspecError) as error:
        raise BookError(f"{path} is no book of answers: {error}") from error
    return Book(written.models, written.tasks, seed)
