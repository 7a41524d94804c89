"""The little language that says how a simulated call shall go: words -> Script.

Rule 1: one grammar for the request header, scenario files and the command line:
`word` or `word=value`, separated by `;`; a bare number is an HTTP status. A `;` inside double
quotes belongs to the value. Example: `429;retry-after=2` or `events=50;pace=0.02;reset=900`.
Rule 2: a word nobody knows is an error that names the nearest known one.
Rule 3: parsing is pure; playing a Script is stage.py's part.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from headgate.wire.model import Usage

HEAD = -1
"""As the place of a silence or a reset: before the reply's head."""

UNSET = -2


@dataclass(frozen=True, slots=True)
class Script:
    """How one call shall go. Every field at its default: an ordinary reply."""

    status: int = 0
    """answer with this error instead; 0: answer"""
    retry_after: float | None = None
    should_retry: str = ""
    error: str = ""
    """the vendor's error type, where the usual one is not wanted"""
    code: str = ""
    message: str = ""
    head_delay: float = 0.0
    first_delay: float = 0.0
    pace: float = 0.0
    jitter: float = 0.0
    silence: int = UNSET
    silence_for: float | None = None
    """None: until the client leaves"""
    reset: int = UNSET
    cut: int = UNSET
    error_after: int = UNSET
    overload: bool = False
    malformed: int = UNSET
    html: bool = False
    bad_usage: str = ""
    empty: bool = False
    truncated: int = UNSET
    wrong_length: int = 0
    output: tuple[int, int] | None = None
    """tokens to write: from, to"""
    events: int = 0
    think: int = 0
    tool: str = ""
    tool_inputs: tuple[str, ...] = ()
    """the arguments of one call each; empty: of one call, made up"""
    tool_again: bool = False
    text: str = ""
    stop: str = ""
    model: str = ""
    usage: Usage | None = None
    tier: str = ""
    speed: str = ""
    geo: str = ""
    searches: int = 0
    batch_polls: int | None = None
    batch_after: float | None = None
    sample: int = 0
    """of a task that a simulated model is asked several times"""


ORDINARY = Script()
BAD_USAGES = ("missing", "zero", "negative", "text", "double", "shrinking")
_USAGE_FIELDS = {
    "input": "input_fresh",
    "read": "cache_read",
    "write5m": "cache_write_5m",
    "write1h": "cache_write_1h",
    "write30m": "cache_write_30m",
    "write12h": "cache_write_12h",
    "output": "output",
    "reasoning": "reasoning_of_output",
    "searches": "web_searches",
}


class ScriptError(ValueError):
    """A script nobody can play: says which word is wrong and what was expected."""


def _seconds(text: str) -> float:
    value = float(text.removesuffix("s"))
    if not 0 <= value <= 86_400:
        raise ValueError("seconds from 0 to 86400")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("a whole number from 0")
    return value


def _place(text: str) -> int:
    return HEAD if text == "head" else _count(text)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError("a share from 0 to 1")
    return value


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    span = (_count(low), _count(high or low))
    if span[0] > span[1]:
        raise ValueError("the smaller number first")
    return span


def _word(text: str) -> str:
    if not text:
        raise ValueError("something after the =")
    return text.strip('"')


def _latin(text: str) -> str:
    """Words that end up in a header or an error body: one line, no surprises."""
    word = _word(text)
    if not word.isprintable():
        raise ValueError("printable characters")
    return word


def _signed(text: str) -> int:
    value = int(text)
    if value == 0:
        raise ValueError("a number of bytes other than 0, such as +10 or -5")
    return value


def _truth(text: str) -> str:
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text


def _bad_usage(text: str) -> str:
    if text not in BAD_USAGES:
        raise ValueError("one of " + ", ".join(BAD_USAGES))
    return text


def _inputs(text: str) -> tuple[str, ...]:
    """A JSON object, or a list of them: that many calls in one reply."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = None
    objects = value if isinstance(value, list) else [value]
    if not objects or not all(isinstance(each, dict) for each in objects):
        raise ValueError("a JSON object, or a list of them for as many calls")
    if not isinstance(value, list):
        return (text,)
    return tuple(msgspec.json.encode(each).decode() for each in objects)


def _usage(text: str) -> Usage:
    """`input:777,read:55,write5m:5,output:2`"""
    counts: dict[str, int] = {}
    for item in text.split(","):
        name, colon, number = item.partition(":")
        column = _USAGE_FIELDS.get(name.strip())
        if column is None or not colon:
            raise ValueError("a list of NAME:TOKENS with names " + ", ".join(_USAGE_FIELDS))
        counts[column] = _count(number)
    return Usage(**counts)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the grammar."""

    sets: str
    """a field of Script"""
    parse: Callable[[str], Any] | None
    """None: the word stands alone"""
    about: str
    alone: Any = None
    """the value of the word without `=`; None: it needs one"""


WORDS: dict[str, Word] = {
    "status": Word("status", int, "answer with this HTTP error (also as a bare number)"),
    "retry-after": Word("retry_after", _seconds, "seconds in the error's retry-after header"),
    "should-retry": Word("should_retry", _truth, "x-should-retry of the error"),
    "error": Word("error", _latin, "the vendor's error type, e.g. overloaded_error"),
    "code": Word("code", _latin, "the error's code (Anthropic: details.error_code)"),
    "message": Word("message", _latin, "the error's message"),
    "head-delay": Word("head_delay", _seconds, "seconds before the head"),
    "first-delay": Word("first_delay", _seconds, "seconds from the head to the first content"),
    "pace": Word("pace", _seconds, "seconds between content events of a stream"),
    "jitter": Word("jitter", _share, "share by which delays vary, 0 to 1"),
    "silence": Word("silence", _place, "fall silent: `head`, or after N content events", HEAD),
    "silence-for": Word("silence_for", _seconds, "end the silence after so many seconds"),
    "reset": Word("reset", _place, "reset the connection: `head`, or at byte N of the body", 0),
    "cut": Word("cut", _place, "end cleanly after N content events, without a last event", 0),
    "error-after": Word("error_after", _count, "an error event after N content events"),
    "overload": Word("overload", None, "200, the opening event, then an overload error", True),
    "malformed": Word("malformed", _count, "broken framing and JSON after N content events", 0),
    "html": Word("html", None, "200 with an HTML page", True),
    "bad-usage": Word("bad_usage", _bad_usage, "wrong usage: " + ", ".join(BAD_USAGES)),
    "empty": Word("empty", None, "a reply without content", True),
    "truncated": Word("truncated", _count, "only the first N bytes of a JSON body", 40),
    "wrong-length": Word("wrong_length", _signed, "content-length off by so many bytes", 10),
    "output": Word("output", _span, "tokens to write: N or FROM-TO"),
    "events": Word("events", _count, "content events of a stream"),
    "think": Word("think", _count, "tokens of reasoning before the reply"),
    "tool": Word("tool", _word, "call this offered tool (`any`: the first one)", "any"),
    "tool-input": Word(
        "tool_inputs", _inputs, "the call's arguments, JSON; a list: of as many calls"
    ),
    "tool-again": Word("tool_again", None, "call it after a tool's result too", True),
    "text": Word("text", _word, 'what to say, e.g. text="two; three"'),
    "stop": Word("stop", _word, "stop reason in the vendor's words"),
    "model": Word("model", _word, "the model named in the reply"),
    "usage": Word("usage", _usage, "exact tokens: input:777,read:55,write5m:5,output:2"),
    "tier": Word("tier", _word, "service tier served"),
    "speed": Word("speed", _word, "speed served (fast)"),
    "geo": Word("geo", _word, "inference geography served (us)"),
    "searches": Word("searches", _count, "web searches counted in usage"),
    "batch-polls": Word("batch_polls", _count, "a batch ends after so many looks at it"),
    "batch-after": Word("batch_after", _seconds, "a batch ends after so many seconds"),
    "sample": Word("sample", _count, "which answer of a known task (sim --answers)"),
}


def split(text: str) -> list[str]:
    """Cut at `;` outside double quotes; a backslash keeps the next character as it is."""
    parts, start, quoted, i = [], 0, False, 0
    while i < len(text):
        letter = text[i]
        if letter == "\\" and quoted:
            i += 1
        elif letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def parse(text: str) -> dict[str, Any]:
    """The fields of a Script that a text sets; ScriptError says what is wrong with it."""
    settings: dict[str, Any] = {}
    for part in split(text):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if name.isdigit() and not equals:
            name, value, equals = "status", name, "="
        word = WORDS.get(name)
        if word is None:
            raise ScriptError(_unknown(name))
        settings[word.sets] = _value(name, word, value if equals else None)
    return settings


def _value(name: str, word: Word, value: str | None) -> Any:
    if value is None:
        if word.alone is None:
            raise ScriptError(f"{name!r} needs a value: {name}=… ({word.about})")
        return word.alone
    if word.parse is None:
        raise ScriptError(f"{name!r} stands alone, without ={value}")
    try:
        found = word.parse(value)
    except ValueError as wrong:
        raise ScriptError(f"{name}={value}: {word.about}; expected {wrong}") from None
    if word.sets == "status" and not 400 <= found <= 599:
        raise ScriptError(f"{found} is not an error status; expected 400 to 599")
    return found


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, WORDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "known words: " + ", ".join(WORDS)
    return f"unknown word {name!r}; {hint}"


def merge(*settings: dict[str, Any]) -> Script:
    """Later settings win, field by field."""
    merged: dict[str, Any] = {}
    for each in settings:
        merged.update(each)
    return Script(**merged) if merged else ORDINARY
