"""Streams written by hand as lists of events, and the ways to break them one at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple

Events = list[dict[str, Any] | str]
"""a text is sent as it is: [DONE], or a whole block"""
Change = Callable[[Events], Events]


class Mutation(NamedTuple):
    name: str
    change: Change
    rule: str
    """what the judge must complain of"""


def sse(events: Events, *, named: bool) -> bytes:
    """What a server would send."""
    out = []
    for event in events:
        if isinstance(event, str):
            out.append(event if event.endswith("\n\n") else f"data: {event}\n\n")
            continue
        name = f"event: {event['type']}\n" if named and "type" in event else ""
        out.append(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n")
    return "".join(out).encode()


def drop(*at: int) -> Change:
    return lambda events: [
        event for n, event in enumerate(events) if n not in at and n - len(events) not in at
    ]


def repeat(at: int) -> Change:
    def change(events: Events) -> Events:
        where = at % len(events)
        return [*events[: where + 1], copy.deepcopy(events[where]), *events[where + 1 :]]

    return change


def move(at: int, to: int) -> Change:
    def change(events: Events) -> Events:
        left = list(events)
        left.insert(to, left.pop(at))
        return left

    return change


def put(at: int, *new: dict[str, Any] | str) -> Change:
    def change(events: Events) -> Events:
        where = at if at >= 0 else len(events) + 1 + at
        return [*events[:where], *new, *events[where:]]

    return change


def edit(at: int, path: str, value: object) -> Change:
    """Set a member of one event; a path such as `delta.tool_calls.0.id`."""

    def change(events: Events) -> Events:
        it: Any = events[at]
        *way, last = path.split(".")
        for step in way:
            it = it[int(step)] if isinstance(it, list) else it[step]
        it[int(last) if isinstance(it, list) else last] = value
        return events

    return change


def remove(at: int, path: str) -> Change:
    def change(events: Events) -> Events:
        it: Any = events[at]
        *way, last = path.split(".")
        for step in way:
            it = it[int(step)] if isinstance(it, list) else it[step]
        del it[last]
        return events

    return change


def both(*changes: Change) -> Change:
    def change(events: Events) -> Events:
        for one in changes:
            events = one(events)
        return events

    return change


def broken(events: Events, mutation: Mutation) -> Events:
    return mutation.change(copy.deepcopy(events))
