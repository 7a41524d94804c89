"""Reading a JSON object field by field: what is of a wrong type is named, what nobody read is
left over.

Rule 1: null is the same as absent.
"""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind

_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Node:
    """One object; each `take` removes a member, so that `rest` is what is left."""

    __slots__ = ("path", "rest")

    def __init__(self, members: Object, path: str = "") -> None:
        self.rest = members
        self.path = path

    def under(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, wanted: str) -> NoReturn:
        raise Fault(Kind.INVALID, f"{self.under(name)}: {wanted}")

    def take(self, name: str) -> Any:
        return self.rest.pop(name, None)

    def text(self, name: str) -> str:
        value = self.rest.pop(name, None)
        if value is None:
            return ""
        return value if isinstance(value, str) else self.wrong(name, "must be a string")

    def flag(self, name: str) -> bool | None:
        value = self.rest.pop(name, None)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, "must be true or false")

    def count(self, name: str) -> int | None:
        value = self.rest.pop(name, None)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.wrong(name, "must be a whole number")

    def number(self, name: str) -> float | None:
        value = self.rest.pop(name, None)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        self.wrong(name, "must be a number")

    def node(self, name: str) -> Node | None:
        value = self.rest.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "must be an object")
        return Node(value, self.under(name))

    def nodes(self, name: str) -> list[Node]:
        """A list of objects; empty when absent."""
        value = self.rest.pop(name, None)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, "must be a list")
        path = self.under(name)
        return [_object(member, f"{path}[{at}]") for at, member in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        """A list of strings, or a single one."""
        value = self.rest.pop(name, None)
        if value is None:
            return []
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(name, "must be a string or a list of strings")
        return value

    def leave(self, losses: Losses, why: str) -> None:
        """Name every member that nobody read."""
        for name, value in self.rest.items():
            if value is not None:
                losses.note(self.under(as_word(name)), why)


def _object(value: Any, path: str) -> Node:
    if not isinstance(value, dict):
        raise Fault(Kind.INVALID, f"{path}: must be an object")
    return Node(value, path)


def open_object(body: bytes) -> Node:
    """A request's body, which is known to be a JSON object."""
    try:
        return Node(_OBJECT.decode(body))
    except RecursionError:
        raise Fault(Kind.INVALID, "the request body is nested too deeply") from None
    except UnicodeDecodeError:
        raise Fault(Kind.INVALID, "the request body is not valid UTF-8") from None
    except BROKEN as error:
        number = "out of range" in str(error)
        wanted = "hold no number beyond 1e308" if number else "be a JSON object"
        raise Fault(Kind.INVALID, f"the request body must {wanted}") from None


def object_in(text: str) -> Object:
    """The JSON object written in a text; empty when it is none: models write what they like."""
    try:
        return _OBJECT.decode(text)
    except BROKEN:
        return {}
