"""What is stated of a model's abilities, key by key: a part of an Abilities, not yet all.

Rule 1: a key that nobody states keeps the field's default; a later layer wins, key by key.
Rule 2: a statement is checked where it is read: the key exists, the form and the words fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import msgspec

from headgate.wire.ability import EFFORTS, Abilities

Stated = Mapping[str, object]
"""a field of Abilities -> its value, for the fields somebody said something about"""

THINKING = ("on", "adaptive", "off", "between_tools")
SURFACES = ("chat", "responses", "messages")
LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, slots=True)
class Key:
    """A capability as people write it in TOML."""

    name: str
    form: Literal["flag", "count", "words", "word"]
    meaning: str
    words: tuple[str, ...] = ()
    """what `words` and `word` choose from"""
    of_server: bool = False
    """it is a fact of the server, whichever model answers there"""


KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("thinking", "words", "modes of thinking a Messages request may ask for", THINKING),
        Key("efforts", "words", "levels of effort it knows; empty: it does not reason "
            "on demand", EFFORTS),
        Key("forced_tools", "flag", "a request may demand that a tool is called"),
        Key("sampling", "flag", "temperature, top_p and top_k may differ from the default"),
        Key("prefill", "flag", "the last message may be the assistant's, to be continued"),
        Key("system_turns", "flag", "system messages may stand in mid-conversation"),
        Key("stops", "count", "how many stop sequences it takes; not stated: any number"),
        Key("max_output", "count", "tokens one answer may have; larger limits are lowered"),
        Key("images", "flag", "it sees images"),
        Key("documents", "flag", "it reads documents such as PDF files"),
        Key("json_schema", "flag", "its answer can be held to a JSON schema"),
        Key("json_object", "flag", "its answer can be held to be one JSON object"),
        Key("custom_tools", "flag", "tools may take free text instead of JSON"),
        Key("cache_marks", "flag", "takes OpenAI's prompt_cache_breakpoint"),
        Key("session_key", "flag", "takes prompt_cache_key and safety_identifier",
            of_server=True),
        Key("reasoning_text", "flag", "gives reasoning_content, and takes it back",
            of_server=True),
        Key("max_tokens_field", "word", "what Chat Completions' limit of the answer is called "
            "there", LIMITS, of_server=True),
        Key("surface", "word", "which of its server's surfaces translated calls go to, unless "
            "the provider's translate says otherwise", SURFACES),
        Key("developer", "flag", "Chat Completions' system role is called developer there",
            of_server=True),
        Key("code_tools", "flag", "it runs its vendor's code tool itself: code_interpreter, "
            "code_execution", of_server=True),
    )
}  # fmt: skip
"""Every field of Abilities, in its order."""


def check(name: str, value: object) -> object:
    """The value as the field holds it; ValueError says what is wrong and what is right."""
    key = KEYS.get(name)
    if key is None:
        near = get_close_matches(name, KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(KEYS)}"
        raise ValueError(f"no capability is called {name}; {hint}")
    try:
        held: object = getattr(msgspec.convert({name: value}, Abilities), name)
    except msgspec.ValidationError:
        raise ValueError(f"{name} = {value!r} has the wrong form; {_right(key)}") from None
    said = held if isinstance(held, tuple) else (held,)
    strange = any(word not in key.words for word in said) if key.words else False
    if strange or held is None or (key.form == "count" and said < (0,)):
        raise ValueError(f"{name} = {value!r} is not possible; {_right(key)}")
    return held


def _right(key: Key) -> str:
    """How the key is written."""
    words = " ".join(f'"{word}"' for word in key.words)
    forms = {
        "flag": "write true or false",
        "count": "write a whole number from 0",
        "words": f"write a list of {words}",
        "word": f"write one of {words}",
    }
    return forms[key.form]


def merge(layers: Iterable[Stated]) -> Abilities:
    """The defaults, and over them every layer in its order."""
    told: dict[str, object] = {}
    for layer in layers:
        told |= layer
    return msgspec.structs.replace(Abilities(), **told)


def differing(abilities: Abilities) -> dict[str, object]:
    """What of it is not the default: all that is worth showing."""
    plain = msgspec.structs.asdict(Abilities())
    return {
        name: value
        for name, value in msgspec.structs.asdict(abilities).items()
        if value != plain[name]
    }


def spell(stated: Stated) -> str:
    """In one line: `efforts low high, no sampling, stops 0`."""
    return ", ".join(_spelled(name, value) for name, value in stated.items())


def _spelled(name: str, value: object) -> str:
    match value:
        case bool():
            return name if value else f"no {name}"
        case tuple() | list():
            return f"{name} {' '.join(map(str, value)) or 'none'}"
        case int():
            return f"{name} {value:,}"
        case _:
            return f"{name} {'any' if value is None else value}"
