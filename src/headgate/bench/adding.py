"""Decides what task a recorded call makes: its prompt, its language and the proposed reference.

Rule 1: the prompt is what was asked, word for word: the system prompt, then what the user said
last. Turns before that are told in front of it.
Rule 2: a call whose question does not fit in words is no task: with pictures, documents or
tools in it, no answer could be told right by reading it anew.
Rule 3: the code of the recorded answer is a proposal. Whether it is right the tests say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from headgate.bench.blocks import answer_of, blocks_of
from headgate.bench.extract import SPOKEN, code_of
from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File
from headgate.store.recordings import Recorded
from headgate.wire.transcript import Said

EARLIER, NOW = "Earlier in this conversation:", "Now answer this:"
MASKED = "a secret was masked in it: read the prompt and the reference before they are used"
LONGEST_NAME, WORDS = 40, 6
_SPEAKERS = {"user": "User", "assistant": "Assistant", "system": "Operator"}


class NoTask(ValueError):
    """A call of which no task can be made; `remedy` says what would help."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Wish(NamedTuple):
    """What the user says of a task."""

    language: str = ""
    """empty: that of the code in the answer"""
    name: str = ""
    """empty: of the question's first words"""
    tags: tuple[str, ...] = ()
    tests: str = ""
    """empty: none yet"""
    reference: str = ""
    """empty: the code in the answer"""


class Proposed(NamedTuple):
    """A task that may become one."""

    name: str
    language: str
    prompt: str
    reference: str
    tags: tuple[str, ...]
    tests: str = ""
    origin: str = ""
    """of which call, for whoever reads the file"""
    notes: tuple[str, ...] = ()


def proposed(call: Recorded, wish: Wish) -> Proposed:
    """The task of a call; NoTask: none can be made of it."""
    prompt = prompt_of(call)
    answer = call.answer.text if call.answer is not None else ""
    language = wish.language or _language_of(answer)
    if not language:
        raise NoTask(
            "its answer names no language that is judged"
            if answer.strip()
            else "its answer was not recorded",
            f"name one with --language: {', '.join(SPOKEN)}",
        )
    reference = wish.reference or _code_of(answer, language, prompt, wish.tests)
    if not reference.strip():
        raise NoTask(
            f"its answer holds no code in {language}",
            "name a file that is known to be right with --reference, or another --language",
        )
    when = f"{call.provider}:{call.model_sent}" if call.provider else call.model_asked
    return Proposed(
        wish.name or name_of(call),
        language,
        prompt,
        reference,
        wish.tags,
        wish.tests,
        f"of call {call.id}, answered by {when}",
        (MASKED,) if call.masked else (),
    )


def prompt_of(call: Recorded) -> str:
    """What was asked, in one text."""
    turns = call.asked.turns
    beside = [kind for turn in turns for kind in turn.beside]
    if beside:
        raise NoTask(
            f"its question holds a {beside[0]}, which a prompt cannot",
            "add a call that is asked in words alone",
        )
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise NoTask(
            "it does not end with what a user asks", "add a call whose last turn is the user's"
        )
    last = turns[-1].text.strip()
    pieces = [call.asked.system.strip()]
    if len(turns) > 1:
        pieces += [EARLIER, *map(_told, turns[:-1]), NOW]
    return "\n\n".join(it for it in (*pieces, last) if it) + "\n"


def name_of(call: Recorded) -> str:
    """A name out of the question's first words."""
    last = call.asked.turns[-1].text if call.asked.turns else ""
    words = re.findall(r"[a-z0-9]+", last.lower())[:WORDS]
    return "-".join(words)[:LONGEST_NAME].strip("-") or "task"


def unique(name: str, taken: Iterable[str]) -> str:
    """The name, or the next of it that nobody has."""
    known, found, count = set(taken), name, 1
    while found in known:
        count += 1
        found = f"{name}-{count}"
    return found


def likeness(prompt: str) -> str:
    """What two prompts have in common that ask the same: all but their blanks."""
    return " ".join(prompt.split())


def _told(turn: Said) -> str:
    return f"{_SPEAKERS.get(turn.role, turn.role)}: {turn.text.strip()}"


def _language_of(answer: str) -> str:
    """That of most of the code which names one; empty: none does."""
    sizes: dict[str, int] = {}
    for block in blocks_of(answer_of(answer)):
        for language, words in SPOKEN.items():
            if block.word in words:
                sizes[language] = sizes.get(language, 0) + len(block.code)
    return max(sizes, key=lambda it: sizes[it]) if sizes else ""


def _code_of(answer: str, language: str, prompt: str, tests: str) -> str:
    files = (File(TESTS[language], tests.encode()),) if tests else ()
    task = Task(id="recorded", language=language, prompt=prompt, tests=files)
    return code_of(answer, task).code
