"""JSON schemas as Anthropic's structured outputs accept them.

Facts: docs page "Structured outputs" and what SDK 2.11.0 takes out of schemas, checked
2026-11-21.
Rule 1: a keyword that is not supported is told to the model in the description.
Rule 2: objects hold what they name and nothing else; a schema that needs more is `open`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind

DEEPEST = 64
_KEPT = frozenset(
    (
        "$defs",
        "$ref",
        "$schema",
        "$id",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "definitions",
        "description",
        "enum",
        "format",
        "items",
        "minItems",
        "oneOf",
        "properties",
        "required",
        "title",
        "type",
    )
)
_MAPS = ("properties", "$defs", "definitions")
_CHOICES = ("anyOf", "allOf")
_FORMATS = frozenset(
    (
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    )
)


class Simple(Struct):
    schema: Object
    changed: bool = False
    """was a keyword moved"""
    open: bool = False
    """does it need objects with members of any name"""


def simplified(schema: Object) -> Simple:
    """The schema with what is not supported in words."""
    simple = Simple({})
    simple.schema = _simplify(schema, simple, 0)
    return simple


def _simplify(schema: Any, simple: Simple, depth: int) -> Any:
    if not isinstance(schema, dict):
        return schema
    if depth > DEEPEST:
        raise Fault(Kind.INVALID, f"a JSON schema must not be deeper than {DEEPEST} levels")
    said: Object = {}
    moved: list[str] = []
    for name, value in schema.items():
        if _supported(name, value):
            word = "anyOf" if name == "oneOf" else name
            said[word] = _inside(word, value, simple, depth + 1)
        else:
            moved.append(f"{name}: {_told(value)}")
    if moved:
        simple.changed = True
        described = said.get("description")
        words = [described] if isinstance(described, str) and described else []
        said["description"] = "\n\n".join([*words, ", ".join(moved)])
    if "properties" in said or _is_object(said.get("type")):
        _close(said, simple)
    return said


def _supported(name: str, value: Any) -> bool:
    if name == "format":
        return value in _FORMATS if isinstance(value, str) else False
    if name == "minItems":
        return value in (0, 1)
    return name in _KEPT


def _inside(name: str, value: Any, simple: Simple, depth: int) -> Any:
    if name in _MAPS and isinstance(value, dict):
        return {key: _simplify(inner, simple, depth) for key, inner in value.items()}
    if name in _CHOICES and isinstance(value, list):
        return [_simplify(inner, simple, depth) for inner in value]
    return _simplify(value, simple, depth) if name == "items" else value


def _is_object(kind: Any) -> bool:
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _close(said: Object, simple: Simple) -> None:
    more = said.get("additionalProperties")
    if isinstance(more, dict) or (more is not False and "properties" not in said):
        simple.open = True
    said["additionalProperties"] = False


def _told(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
