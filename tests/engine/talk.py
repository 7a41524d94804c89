"""A conversation with a vendor that caches, and a clock that both ends share."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

from headgate.sim.app import unix_seconds
from tests.kit import HASTE, Field, running

MODEL, OTHER_MODEL = "claude-sonnet-5-5", "claude-haiku-5-5"
NUMBERS = itertools.count()
MARK = {"type": "ephemeral"}
TWO_ACCOUNTS = (
    HASTE
    + """
[providers.anthropic]
base_url = "{sim}"
api_key = "env:ANTHROPIC_API_KEY"
[providers.second]
kind = "anthropic"
base_url = "{sim}"
api_key = "env:OPENAI_API_KEY"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
[models]
elsewhere = "second:claude-sonnet-5-5"
"""
)


def text(words: str, *, mark: bool = False) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": words}
    return {**block, "cache_control": MARK} if mark else block


def tool(name: str) -> dict[str, Any]:
    said = f"The tool {name} does what it says. " * 30
    return {"name": name, "description": said, "input_schema": {"type": "object"}}


class Talk:
    """A conversation of a client that marks its system prompt and its last turn."""

    def __init__(self, field: Field, *, marks: bool = True) -> None:
        self.field = field
        self.marks = marks
        self.model = MODEL
        self.tools = [tool("Read"), tool("Write"), tool("Bash")]
        self.system = [text("You are a careful worker."), text("Rules. " * 1500, mark=marks)]
        self.turns: list[dict[str, Any]] = []
        self.more: dict[str, Any] = {}
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        turns = [dict(turn) for turn in self.turns]
        if self.marks and turns:
            turns[-1]["content"] = [*turns[-1]["content"][:-1]]
            turns[-1]["content"].append(
                {**self.turns[-1]["content"][-1], "cache_control": MARK}
            )
        return {
            "model": self.model,
            "max_tokens": 16,
            "tools": self.tools,
            "system": self.system,
            "messages": turns,
            **self.more,
        }

    async def say(self, words: str = "Go on.") -> sqlite3.Row:
        self.turns.append({"role": "user", "content": [text(words * 40)]})
        return await self.ask()

    async def ask(self) -> sqlite3.Row:
        name = f"call-{next(NUMBERS)}"
        headers = {"x-request-id": name, **self.headers}
        got = await self.field.post("/v1/messages", self.body(), headers)
        assert got.status == 200, got.body
        self.turns.append({"role": "assistant", "content": [text("Done. " * 20)]})
        return await self.field.row_of(name)


class Clock:
    """Lets time pass for the simulator and the gateway alike."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.ahead = 0.0
        ground = field.opened.house.ground
        real = ground.clock
        object.__setattr__(ground, "clock", lambda: real() + self.ahead)
        field.sim.world.clock = lambda: unix_seconds() + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += seconds


@contextlib.asynccontextmanager
async def street(toml: str = HASTE) -> AsyncIterator[tuple[Field, Clock]]:
    async with running(toml) as field:
        yield field, Clock(field)
