"""What a client makes of a whole stream: the message it puts together, and every rule broken.

Rule 1: nothing here is Headgate's code: a stream is judged as a stranger would read it.
Rule 2: a violation names the rule and the event that broke it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Event(NamedTuple):
    name: str
    data: str


class Violation(NamedTuple):
    rule: str
    at: int
    """which event, counted from 0"""
    event: Event | None

    def __str__(self) -> str:
        told = f": {self.event.name} {self.event.data[:300]}" if self.event else ""
        return f"event {self.at}: {self.rule}{told}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asked for, and how strictly the stream is judged."""

    usage_chunk: bool = False
    """Chat Completions: stream_options.include_usage"""
    ours: bool = True
    """judge as our own work, where vendors allow themselves more"""


@dataclass(slots=True)
class Part:
    """One part of the message, in words that belong to no dialect."""

    kind: str
    """text, thought, tool, custom, refusal or other"""
    text: str = ""
    """its words; a tool's arguments as they came"""
    id: str = ""
    name: str = ""
    arguments: Any = None
    """parsed, where the text is a whole JSON object"""
    seal: str = ""
    raw: Any = None
    cited: list[str] = field(default_factory=list)
    """the pages its words come from"""


@dataclass(slots=True)
class Verdict:
    dialect: str
    ending: str = "cut"
    """complete, error or cut"""
    parts: list[Part] = field(default_factory=list)
    stop: str = ""
    stop_sequence: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    model: str = ""
    error: dict[str, Any] | None = None
    violations: list[Violation] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        return [str(violation) for violation in self.violations]

    @property
    def rules(self) -> list[str]:
        return [violation.rule for violation in self.violations]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if part.kind == "text")

    @property
    def refusal(self) -> str:
        return "".join(part.text for part in self.parts if part.kind == "refusal")

    @property
    def thought(self) -> str:
        return "".join(part.text for part in self.parts if part.kind == "thought")

    @property
    def calls(self) -> list[tuple[str, str, Any]]:
        """(id, name, arguments) of every tool call; a custom tool's input is a text."""
        return [
            (part.id, part.name, part.text if part.kind == "custom" else part.arguments)
            for part in self.parts
            if part.kind in ("tool", "custom")
        ]

    def message(self) -> dict[str, Any]:
        """What a client is left with: for comparing two streams of one answer."""
        told = ("ending", "stop", "stop_sequence", "usage", "error", "id", "model")
        return {
            "parts": [(p.kind, p.text, p.id, p.name, p.seal, p.cited) for p in self.parts],
            **{name: getattr(self, name) for name in told},
        }


class Judge:
    """Keeps the verdict while events pass; each dialect's judge knows its own grammar."""

    def __init__(self, dialect: str, wish: Wish) -> None:
        self.verdict = Verdict(dialect)
        self.wish = wish
        self._at = -1
        self._event: Event | None = None

    def take(self, event: Event) -> None:
        self._at += 1
        self._event = event
        self.hear(event)

    def close(self) -> Verdict:
        self._at += 1
        self._event = None
        self.end()
        return self.verdict

    def hear(self, event: Event) -> None:
        raise TypeError("each dialect's judge hears for itself")

    def end(self) -> None:
        raise TypeError("each dialect's judge has its own end")

    def blame(self, rule: str) -> None:
        self.verdict.violations.append(Violation(rule, self._at, self._event))

    def want(self, holds: bool, rule: str) -> bool:
        if not holds:
            self.blame(rule)
        return holds

    def want_ours(self, holds: bool, rule: str) -> None:
        """Vendors may; we do not."""
        if self.wish.ours:
            self.want(holds, rule)

    def parse(self, data: str) -> dict[str, Any]:
        try:
            it = json.loads(data)
        except ValueError:
            it = None
        if self.want(isinstance(it, dict), "data is not a JSON object"):
            return dict(it)
        return {}

    def parse_arguments(self, part: Part) -> None:
        """A tool's arguments, once they are whole; nothing at all says that it takes none."""
        try:
            it = json.loads(part.text) if part.text else {}
        except ValueError:
            it = None
        if isinstance(it, dict):
            part.arguments = it
        else:
            self.blame("a tool's arguments do not join to a JSON object")


def split(data: bytes) -> tuple[list[Event], str]:
    """The events of a stream by the standard's own rules, and what no blank line ended."""
    events: list[Event] = []
    lines: list[str] = []
    name, rest = "", ""
    text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    *complete, last = text.split("\n")
    for line in complete:
        if not line:
            if lines:
                events.append(Event(name, "\n".join(lines)))
            name, lines, rest = "", [], ""
            continue
        rest += line
        word, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if word == "data":
            lines.append(value)
        elif word == "event":
            name = value
    return events, rest + last


def is_span(cited: dict[str, Any], length: int) -> bool:
    """Does it say from where to where in a text of that length?"""
    start, end = cited.get("start_index"), cited.get("end_index")
    if not (whole_number(start) and whole_number(end)):
        return False
    return bool(cited["start_index"] <= cited["end_index"] <= length)


def whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def members(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one: odd shapes are blamed, never raised."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def word(value: object) -> str:
    return value if isinstance(value, str) else ""
