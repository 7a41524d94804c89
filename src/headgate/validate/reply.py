"""Turns what the sandbox answered into verdicts.

Rule 1: a tool that was ended, crashed, or said what nobody understands makes a broken verdict.
Rule 2: a file whose syntax is wrong fails for that alone: other tools would only say it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from headgate.sandbox.model import LIMITED, Ended, Result, Status
from headgate.validate.check import Check, Said, Unreadable
from headgate.validate.planning import Errand, Part
from headgate.validate.problem import NOT_COMPILED, Problem, Stage, State, Verdict, judged
from headgate.validate.project import Source
from headgate.validate.stopped import Stop, marked

TAIL = 300
WRONG_SYNTAX = "its syntax is wrong"


def verdicts(errand: Errand, result: Result) -> list[Verdict]:
    """A verdict for each file and check of an order."""
    if result.status is Status.BROKEN:
        why = f"the sandbox failed: {result.stderr.strip()[-TAIL:] or result.hint}"
        return _joined(it for part in errand.parts for it in _all(part, State.BROKEN, why))
    made: list[Verdict] = []
    for part, ended in _answers(errand, result):
        made += _of_part(part, ended, result, errand.asked)
    return _joined(made)


def stops(errand: Errand, result: Result) -> list[Stop]:
    """The programs that some files kept from looking at the others."""
    found = []
    for part, ended in _answers(errand, result):
        look = part.chosen.check.stopped
        if look is None or ended is None or ended.exit_code is None:
            continue
        culprits = look(_said(part, ended))
        if culprits:
            found.append(Stop(errand, part, culprits))
    return found


def _answers(errand: Errand, result: Result) -> Iterator[tuple[Part, Ended | None]]:
    ended = {it.name: it for it in result.steps}
    for part in errand.parts:
        one = ended.get(part.step)
        if one is not None and len(errand.parts) == 1:
            one = _whole(one, result)
        yield part, one


def _said(part: Part, ended: Ended) -> Said:
    return Said(ended.exit_code or 0, ended.stdout, ended.stderr, _names(part.sources))


def _whole(one: Ended, result: Result) -> Ended:
    """Of a single step the words are the result's."""
    stdout, stderr = one.stdout or result.stdout, one.stderr or result.stderr
    return msgspec.structs.replace(one, stdout=stdout, stderr=stderr)


def _of_part(
    part: Part, ended: Ended | None, result: Result, asked: Mapping[str, str]
) -> list[Verdict]:
    check, name = part.chosen.check, part.chosen.check.name
    if ended is None or ended.exit_code is None:
        if result.status in LIMITED:
            limit = result.status.value.replace("_", " ")
            return _all(part, State.BROKEN, f"{name} ran into the {limit}", result.hint)
        killed = f"signal {ended.signal}" if ended is not None else "something else"
        return _all(part, State.BROKEN, f"{name} was ended by {killed}")
    said = _said(part, ended)
    remedy = check.absent(said) if check.absent is not None else ""
    if remedy:
        return _all(part, State.SKIPPED, f"{name} is not installed", remedy)
    if said.exit_code not in check.ends:
        tail = (said.stderr.strip() or said.stdout.strip())[-TAIL:]
        return _all(part, State.BROKEN, f"{name} ended with {said.exit_code}: {tail}")
    try:
        problems = check.read(said)
    except Unreadable as error:
        return _all(part, State.BROKEN, f"{name} could not be understood: {error}")
    made = _each(part, problems, ended.ms / max(len(part.sources), 1))
    return made if check.stopped is None else marked(part, made, check.stopped(said), asked)


def _names(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(it.name for it in sources)


def _each(part: Part, problems: Sequence[Problem], ms: float) -> list[Verdict]:
    by_name: dict[str, list[Problem]] = {}
    for it in problems:
        by_name.setdefault(it.path, []).append(it)
    check, made = part.chosen.check, []
    for source in part.sources:
        own = [_placed(it, source.path, check) for it in by_name.get(source.name, ())]
        own.sort(key=lambda it: it.place)
        found = tuple(own)
        made.append(
            Verdict(source.path, check.name, check.stage, judged(found), found, ms=round(ms, 3))
        )
    return made


def _placed(problem: Problem, path: str, check: Check) -> Problem:
    fix = problem.fix.replace("{files}", path) if problem.fix else ""
    return msgspec.structs.replace(problem, path=path, check=check.name, fix=fix)


def _all(part: Part, state: State, note: str, remedy: str = "") -> list[Verdict]:
    check = part.chosen.check
    return [
        Verdict(it.path, check.name, check.stage, state, (), note, remedy)
        for it in part.sources
    ]


def _joined(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """One for each file and check, where a check ran several programs about a file."""
    made: dict[tuple[str, str], Verdict] = {}
    for it in verdicts:
        key = (it.path, it.check)
        before = made.get(key)
        made[key] = it if before is None else _worse(before, it)
    return list(made.values())


def _worse(one: Verdict, other: Verdict) -> Verdict:
    order = (State.BROKEN, State.FAILED, State.SKIPPED, State.PASSED)
    first = min(one, other, key=lambda it: order.index(it.state))
    problems = tuple(dict.fromkeys((*one.problems, *other.problems)))
    return msgspec.structs.replace(first, problems=problems, ms=one.ms + other.ms)


def gated(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same, where a file with wrong syntax, or that does not compile, fails for that and
    nothing else."""
    telling = [it for it in verdicts if it.state is State.FAILED and _tells_syntax(it)]
    compiled = {it.path for it in telling if it.stage is Stage.SYNTAX}
    wrong = {it.path for it in telling}
    spared = {(it.path, it.check) for it in telling if it.path not in compiled}
    told = [
        it
        if it.path not in wrong or (it.path, it.check) in spared or it.stage is Stage.SYNTAX
        else Verdict(it.path, it.check, it.stage, State.SKIPPED, (), WRONG_SYNTAX)
        for it in verdicts
    ]
    typed = {it.path for it in told if it.stage is Stage.TYPES and it.state is State.FAILED}
    return [
        Verdict(it.path, it.check, it.stage, State.SKIPPED, (), "it does not compile")
        if it.path in typed and any(one.rule == NOT_COMPILED for one in it.problems)
        else it
        for it in told
    ]


def _tells_syntax(it: Verdict) -> bool:
    """Some formatters are what tells it."""
    return it.stage is Stage.SYNTAX or any(one.rule == "syntax" for one in it.problems)
