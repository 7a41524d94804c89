"""Decides what is known of files where another one kept a tool from looking at them.

Rule 1: that is told as the other's doing: they have neither passed nor failed, and where the
other was not asked about, it is a check that could not be made.
Rule 2: where something that says nothing can be laid in its place, they are asked again without
it; save those that name it, of which nothing can be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from headgate.validate.planning import Errand, Part, Setting, asked_again
from headgate.validate.problem import Stage, State, Verdict, shown

ROUNDS = 12
"""a tool that names one such file at a time is asked so often"""


class Stop(NamedTuple):
    """A program of an order that went no further than some files, by their names."""

    errand: Errand
    part: Part
    culprits: tuple[str, ...]


def marked(
    part: Part, made: Iterable[Verdict], culprits: Sequence[str], asked: Mapping[str, str]
) -> list[Verdict]:
    """The same verdicts, without what was not looked at; `asked`: all files by their names."""
    check = part.chosen.check
    names = {it.path: it for it in part.sources}
    told = []
    for it in made:
        source = names[it.path]
        by = next((one for one in culprits if check.spoils(one, source.name, source.data)), "")
        if it.problems or not by or by == source.name:
            told.append(it)
            continue
        state = State.SKIPPED if by in asked else State.BROKEN
        note = f"{check.name} went no further than {shown(asked.get(by, by))}"
        told.append(Verdict(it.path, it.check, it.stage, state, (), note))
    return told


def again(
    stops: Iterable[Stop], told: Mapping[tuple[str, str], Verdict], setting: Setting
) -> list[Errand]:
    """What to ask without the files that are in the way."""
    made: list[Errand] = []
    for it in stops:
        check = it.part.chosen.check
        if check.stand_in is None:
            continue
        wrong = {
            one.name
            for one in it.part.sources
            if _is_wrong(one.path, check.name, told) or one.name in it.culprits
        }
        alone = [
            one
            for one in it.part.sources
            if one.name in it.culprits and not _is_wrong(one.path, check.name, told)
        ]
        named = [*(wrong - {one.name for one in alone}), *_elsewhere(it)]
        rest = [
            one
            for one in it.part.sources
            if one.name not in wrong and not any(names(by, one.data) for by in named)
        ]
        laid = {file.path: file.data for file in it.errand.order.files}
        instead = {name: check.stand_in(laid.get(name, b"")) for name in named}
        if len(it.part.sources) > 1 or instead.keys() - wrong:
            groups = [rest, *([one] for one in alone)]
            made += [asked_again(it.errand, it.part, one, instead, setting)
                     for one in groups if one]  # fmt: skip
    return made


def _elsewhere(stop: Stop) -> list[str]:
    own = {it.name for it in stop.part.sources}
    return [it for it in stop.culprits if it not in own]


def _is_wrong(path: str, name: str, told: Mapping[tuple[str, str], Verdict]) -> bool:
    """Do its own mistakes stand in the way: those that the tool told, or of syntax."""
    own = told.get((path, name))
    return bool(own is not None and own.problems) or any(
        it.path == path and it.stage is Stage.SYNTAX and it.state is State.FAILED
        for it in told.values()
    )


def names(culprit: str, data: bytes) -> bool:
    """Could a file with this text be importing the other."""
    place = PurePosixPath(culprit)
    word = place.parent.name if place.stem in ("__init__", "index", "mod") else place.stem
    return (
        bool(word) and re.search(rb"\b" + re.escape(word.encode()) + rb"\b", data) is not None
    )
