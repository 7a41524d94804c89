"""Decides what is stored of a row the database refuses, so that no call is ever lost to it.

Rule 1: a sound row comes back as the same object. Sound is what every store takes: PostgreSQL
takes no zero character in a text.
Rule 2: a mended row says so: an Entry in its `warnings`, an Intent by the trouble reported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from headgate.ledger.record import Entry, Intent

LARGEST = 2**63 - 1


class _Column(NamedTuple):
    kind: type
    optional: bool


def _columns(row: type[Any]) -> dict[str, _Column]:
    kinds: dict[str, type] = {"str": str, "int": int, "bytes": bytes}
    columns = {}
    for name, annotation in row.__annotations__.items():
        text = str(getattr(annotation, "__forward_arg__", annotation))
        columns[name] = _Column(kinds[text.split(" | ")[0]], text.endswith("| None"))
    return columns


ENTRY = _columns(Entry)
INTENT = _columns(Intent)


def sound(value: object, column: _Column) -> bool:
    """Will the database take this value in this column."""
    if value is None:
        return column.optional
    if not isinstance(value, column.kind):
        return False
    if isinstance(value, int):
        return -LARGEST <= value <= LARGEST
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return "\0" not in value
    return True


def mended(value: object, column: _Column) -> object:
    """The nearest value the database takes."""
    if value is None:
        return None if column.optional else column.kind()
    if column.kind is int:
        try:
            number = int(value)  # type: ignore[call-overload]  # anything: that is the point
        except (TypeError, ValueError, OverflowError):
            return 0
        return max(-LARGEST, min(LARGEST, number))
    if column.kind is bytes:
        return None if column.optional else b""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text.replace("\0", "\\x00")


def mend_entry(entry: Entry) -> Entry:
    """The entry itself, or a copy that can be stored and names what had to be changed."""
    wrong = _wrong(entry, ENTRY)
    if not wrong:
        return entry
    better = Entry._make(map(_nearest, entry, ENTRY.values()))
    note = f"ledger could not store as given: {', '.join(wrong)}"
    return better._replace(warnings=f"{better.warnings}; {note}" if better.warnings else note)


def mend_intent(intent: Intent) -> Intent:
    """The intent itself, or a copy that can be stored."""
    if not _wrong(intent, INTENT):
        return intent
    return Intent._make(map(_nearest, intent, INTENT.values()))


def _nearest(value: object, column: _Column) -> object:
    return value if sound(value, column) else mended(value, column)


def _wrong(row: Entry | Intent, columns: dict[str, _Column]) -> list[str]:
    return [
        name
        for (name, column), value in zip(columns.items(), row, strict=True)
        if not sound(value, column)
    ]
