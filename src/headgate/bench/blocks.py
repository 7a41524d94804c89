"""Finds the pieces of code in a reply: fences, HTML, tool calls, JSON, indented text.

Rule 1: a closing fence is of the same sign, as long as the opening one at least and no deeper
than three blanks beyond it; one that stands in a docstring which closes later is text.
Rule 2: what a model thinks aloud before it answers is no answer.
Rule 3: a reply is read line by line and by patterns that look at each sign once: no parser of a
language ever sees it here.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^\n`]*)$")
_LINES = re.compile(r"\r\n|\r|\n")
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_OPENS = re.compile(
    r"<(?P<pre>pre)\b[^<>]{0,200}>(?:\s{0,9}<code\b[^<>]{0,200}>)?"
    r"|<(?P<parameter>parameter)(?:=| name=)[\"']?"
    r"(?:code|content|file_text|new_str|source)[\"']?\s{0,9}>"
    r"|<(?P<tag>answer|solution|code|content|tool_call)>"
    r"|\[(?P<bracket>PYTHON)\]",
    re.IGNORECASE,
)
_CLASS = re.compile(r"(?:language|lang)-([\w+#]+)", re.IGNORECASE)
_SPECIAL = re.compile(r"<\|[\w▁]{1,40}\|>")
FIELDS = ("code", "solution", "content", "file_text", "source", "answer", "completion")
"""under which of its keys an object brings code"""
PAGES = ("markdown", "md")
"""words of blocks that are text with blocks in it"""
DEEPEST = 3
"""levels of an object that are looked through"""
FURTHEST = 400
"""lines that a docstring is followed for"""
MOST_CHARACTERS = 1 << 20
"""of a reply that is looked through for markup: no answer of use is longer"""


class Block(NamedTuple):
    """A piece of code as it stood in a reply."""

    word: str
    """what it is said to be written in, in small letters; "": nothing is said"""
    code: str
    is_closed: bool = True


def answer_of(text: str) -> str:
    """A reply without what was thought aloud before it; line ends as Unix has them."""
    text = _LINES.sub("\n", text.lstrip("\ufeff"))
    opened = _THOUGHT.match(text)
    if opened:
        end = _THOUGHT_ENDS.search(text, opened.end())
        return text[end.end() :] if end else ""
    lines = text.split("\n")
    ends = [at for at, it in enumerate(lines) if _THOUGHT_ENDS.fullmatch(it.strip())]
    return "\n".join(lines[ends[-1] + 1 :]) if ends else text


def blocks_of(text: str) -> list[Block]:
    """Its fenced blocks; without any, what markup or an object says is code."""
    found = [it for it in _unpaged(fenced(text)) if it.code.strip()]
    brought = [Block("", code) for it in found if it.word == "json" for code in _said(it.code)]
    if brought and all(it.word == "json" for it in found):
        return brought
    return found or [it for it in _marked(text[:MOST_CHARACTERS]) if it.code.strip()]


def _unpaged(blocks: list[Block]) -> list[Block]:
    """With the blocks of a page in its place. Such a page ends where the first of them does,
    and its own end then opens one that nothing closes: that is none.
    """
    found: list[Block] = []
    is_paged = False
    for block in blocks:
        inner = fenced(block.code) if block.word in PAGES else []
        found += [it._replace(is_closed=it.is_closed or block.is_closed) for it in inner]
        if not inner and not (is_paged and not block.word and not block.is_closed):
            found.append(block)
        is_paged = is_paged or bool(inner)
    return found


def fenced(text: str) -> list[Block]:
    """The blocks between fences, without the indent that their opening fence has."""
    blocks: list[Block] = []
    lines = _LINES.split(text)
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        at += 1
        if opening is None:
            continue
        indent, mark, word = len(opening[1].expandtabs(4)), opening[2], _word(opening[3])
        end = _closing(lines, at, mark, indent)
        inside = [_outdented(it, indent) for it in lines[at:end]]
        is_closed = end < len(lines)
        if not is_closed and inside and not inside[-1]:
            inside.pop()
        blocks.append(Block(word, "\n".join(inside) + "\n", is_closed))
        at = end + 1
    return blocks


def _closing(lines: list[str], start: int, mark: str, indent: int) -> int:
    """The line that closes a block; how many there are, where none does."""
    quote = ""
    for at in range(start, len(lines)):
        line = lines[at]
        match = _FENCE.match(line)
        if match is None or not _closes(match, mark, indent):
            quote = _quoted(line, quote)
        elif not quote or not _goes_on(lines, at + 1, quote, mark):
            return at
    return len(lines)


def _closes(match: re.Match[str], mark: str, indent: int) -> bool:
    is_deep = len(match[1].expandtabs(4)) > indent + 3
    is_long = match[2][0] == mark[0] and len(match[2]) >= len(mark)
    return is_long and not match[3].strip() and not is_deep


def _quoted(line: str, quote: str) -> str:
    """Which triple quote is open behind a line."""
    for sign in re.findall(r'"""|\'\'\'', line):
        if not quote:
            quote = sign
        elif sign == quote:
            quote = ""
    return quote


def _goes_on(lines: list[str], start: int, quote: str, mark: str) -> bool:
    """The open docstring closes before a block begins anew, and a fence follows."""
    is_ended = False
    for line in lines[start : start + FURTHEST]:
        match = _FENCE.match(line)
        if is_ended and match:
            return not match[3].strip() and match[2][0] == mark[0]
        is_ended = is_ended or quote in line
        if not is_ended and match and match[3].strip():
            return False
    return False


def _outdented(line: str, indent: int) -> str:
    blank = len(line) - len(line.lstrip(" \t"))
    return line[min(indent, blank) :]


def _word(said: str) -> str:
    return re.split(r"[\s,{:=]", said.strip().lower().lstrip("{."), maxsplit=1)[0]


def _marked(text: str) -> Iterator[Block]:
    whole = list(_said(text))
    if whole:
        yield from (Block("", it) for it in whole)
        return
    for opening, inside in _elements(text):
        head = opening[0].lower()
        if head == "<tool_call>":
            yield from (Block("", it) for it in _said(inside))
        elif opening["pre"]:
            said = _CLASS.search(head)
            code = inside.removesuffix("</code>")
            yield Block(said[1] if said else "", html.unescape(code).strip("\n") + "\n")
        else:
            yield Block("python" if opening["bracket"] else "", inside.strip("\n") + "\n")


def _elements(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """What stands between marks that belong together, the outermost of them."""
    at, lower = 0, text.lower()
    endless: set[str] = set()
    for opening in _OPENS.finditer(text):
        name = str(opening[str(opening.lastgroup)]).lower()
        mark = "[/python]" if opening["bracket"] else f"</{name}>"
        if opening.start() < at or mark in endless:
            continue
        end = lower.find(mark, opening.end())
        if end < 0:
            endless.add(mark)
            continue
        at = end + len(mark)
        yield opening, text[opening.end() : end].rstrip(" \t")


def _said(text: str) -> Iterator[str]:
    """What an object of JSON brings under a key that means code."""
    if not text.lstrip().startswith(("{", "[")):
        return
    try:
        found = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError):
        return
    yield from _fields(found, DEEPEST)


def _fields(found: Any, depth: int) -> Iterator[str]:
    if isinstance(found, list):
        found = dict(enumerate(found[:20]))
    if not isinstance(found, dict) or not depth:
        return
    named = [found[key] for key in FIELDS if isinstance(found.get(key), str)]
    if named:
        yield inner(_LINES.sub("\n", named[0]))
        return
    for it in found.values():
        yield from _fields(it, depth - 1)


def inner(code: str) -> str:
    """Code that stands in a fence of its own within what brings it."""
    blocks = fenced(code) if code.lstrip().startswith(("```", "~~~")) else []
    return blocks[0].code if blocks else code.rstrip("\n") + "\n"


def indented(text: str) -> list[Block]:
    """Markdown's older way: lines four blanks deep behind an empty one."""
    found: list[Block] = []
    for piece in re.split(r"\n(?=\S)", "\n" + text):
        _, blank, rest = piece.partition("\n\n")
        if not blank:
            rest = piece if piece.startswith(("\n    ", "\n\t")) else ""
        rest = rest.strip("\n")
        if rest and re.match(r"(?: {4}|\t)", rest):
            found.append(Block("", textwrap.dedent(rest) + "\n"))
    return found


def spoken(code: str) -> str:
    """Without what a terminal or a chat puts around code: prompts, marks of a turn's end."""
    code = _SPECIAL.sub("", code)
    lines = code.split("\n")
    first = next((it for it in lines if it.strip()), "")
    if not first.startswith(">>> "):
        return code
    kept = [it[4:] for it in lines if it.startswith((">>> ", "... ")) or it in ("...", ">>>")]
    return "\n".join(kept) + "\n"
