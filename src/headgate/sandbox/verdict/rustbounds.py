"""Reads what bounds and lent types of Rust say: closures, objects behind traits, iterators.

Rule 1: what is lent crosses under a number; of what cannot be lent that way, nothing is made.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from headgate.sandbox.verdict.rustcode import Trait
from headgate.sandbox.verdict.shapes import closing, split

CALLED = re.compile(r"\b(FnMut|FnOnce|Fn)\s*\(")
ERROR = re.compile(r"\bdyn\s+(?:std::error::|error::)?Error(\s*\+\s*(?:Send|Sync|'static))*")
AROUND = re.compile(r"\b(?:(?:std::)?(?:boxed|rc|sync)::)?(Box|Rc|Arc)\s*<\s*dyn\s+")
MARKERS = ("Send", "Sync")


class Callback(NamedTuple):
    kind: str
    """Fn, FnMut or FnOnce"""
    args: tuple[str, ...]
    result: str
    is_shared: bool
    """other threads may call it"""
    stays: bool
    """it may be called after the call that lent it"""
    is_at_once: bool = False
    """by several at the same time"""


def called_by(bounds: str) -> Callback | None:
    """Of "FnMut(i32) -> T + Send" what is called how."""
    match = CALLED.search(bounds)
    if match is None:
        return None
    end = closing(bounds, match.end() - 1)
    args = tuple(split(bounds[match.end() : end]))
    rest = bounds[end + 1 :].strip()
    result, others = "()", rest
    if rest.startswith("->"):
        pieces = _plus(rest[2:])
        result, others = pieces[0], " ".join(pieces[1:])
    others += bounds[: match.start()]
    shared = "Send" in others or "Sync" in others
    return Callback(match[1], args, result, shared, "'static" in others, "Sync" in others)


def _plus(text: str) -> list[str]:
    return [it.strip() for it in split(text, "+")]


def item(bounds: str) -> str:
    """What an iterator gives; "" of what is none, or gives it from both ends."""
    match = re.match(r"(?:std::iter::)?Iterator\s*<\s*Item\s*=", bounds)
    if match is None:
        return ""
    end = closing(bounds, bounds.index("<"))
    return "" if "Iterator" in bounds[end:] else bounds[match.end() : end].strip()


def whole(result: str) -> str:
    """What is made of "impl Fn(i32) -> i32" and the like to cross; "" of what cannot."""
    bounds = result.removeprefix("impl ").strip()
    called = called_by(bounds)
    if called:
        args = f"({', '.join(called.args)})"
        return f"Box<dyn {called.kind}{args} -> {called.result}>"
    if item(bounds):
        return f"Box<dyn Iterator<Item = {item(bounds)}>>"
    match = re.search(r"\b(?:Into|DoubleEnded|ExactSize)?Iterator\s*<\s*Item\s*=", bounds)
    if match is None:
        return ""
    end = closing(bounds, bounds.index("<", match.start()))
    return f"Vec<{bounds[match.end() : end].strip()}>"


class Lent(NamedTuple):
    """A type such as Box<dyn Fn(i32) -> T + Send>."""

    around: str
    bounds: str
    """without lifetimes and markers"""
    markers: tuple[str, ...]
    of: Callback | None
    trait: str
    item: str = ""
    """of an iterator"""

    @property
    def inner(self) -> str:
        return " + ".join([f"dyn {self.bounds}", *self.markers])

    def written(self, life: str = "") -> str:
        return f"{self.around}<{self.inner}{f' + {life}' if life else ''}>"


def found(kind: str, traits: dict[str, Trait]) -> list[tuple[int, int, Lent | None]]:
    """Where in a type what is lent stands; None of what cannot be lent."""
    pieces = []
    at = 0
    while match := AROUND.search(kind, at):
        opened = kind.index("<", match.start())
        end = closing(kind, opened)
        at = end + 1
        if not ERROR.match(kind[opened + 1 : end].strip()):
            pieces.append((match.start(), at, _lent(match[1], kind[match.end() : end], traits)))
    return pieces


def _lent(around: str, inner: str, traits: dict[str, Trait]) -> Lent | None:
    pieces = [re.sub(r"^for\s*<[^>]*>\s*", "", it) for it in split(inner, "+")]
    first = re.sub(r"'\w+\s*", "", pieces[0]).strip()
    markers = tuple(it for it in MARKERS if any(p.split("::")[-1] == it for p in pieces[1:]))
    called = called_by(first)
    if called:
        if around != "Box" and called.kind == "FnMut":
            return None
        return Lent(around, first, markers, called, "")
    given = item(first)
    if given:
        return Lent(around, first, markers, None, "", given) if around == "Box" else None
    name = first.rpartition("::")[2]
    is_plain = name in traits and traits[name].is_plain
    return Lent(around, name, markers, None, name) if is_plain else None


def changed(result: str) -> tuple[str, str]:
    """Of "Option<&mut T>" and the like: how it stands there, and T; else nothing."""
    bare = re.sub(r"&\s*(?:'\w+\s+)?mut\b", "&mut", " ".join(result.split()))
    if bare.count("&mut") != 1:
        return "", ""
    if bare.startswith("&mut "):
        return "alone", bare[5:].strip()
    match = re.match(r"(?:[\w:]*::)?(Option|Result)\s*<\s*&mut ", bare)
    if match is None:
        return "", ""
    inner = split(bare[bare.index("<") + 1 : bare.rindex(">")])
    return match[1], inner[0].removeprefix("&mut ").strip()
