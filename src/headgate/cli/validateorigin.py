"""Adds a validation to the history of failures, with where the code came from.

Rule 1: of a call that is named the ledger tells model, prompt and cost. A ledger that cannot be
read, or has no such call, is said and keeps nothing from being remembered.
Rule 2: a history that lies in a repository has paths from there: it can be committed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.cli import Misuse, Trouble
from headgate.cli.terminal import say
from headgate.cli.validatereport import HISTORY, folder
from headgate.validate import history
from headgate.validate.history import Attempt
from headgate.validate.origin import Origin, called, fingerprint, joined, ways
from headgate.validate.problem import State, Verdict, shown
from headgate.validate.project import repository

MOST_CALLS = 500
"""asked of the ledger for one validation"""


class Said(NamedTuple):
    """What the command says of where the code came from."""

    prompt: str
    model: str
    call: str
    state: Path | None
    config_path: str | None


class Known(NamedTuple):
    """What the ledger knows of a call."""

    prompt: str
    """the keyed hash of the whole request, in the form of a fingerprint"""
    model: str
    cost_nusd: int


UNKNOWN = Known("", "", 0)


def remember(
    said: Said, sources: Mapping[str, bytes], verdicts: Sequence[Verdict], here: Path
) -> dict[str, int]:
    """Add this run; the files that a person should look at."""
    path = said.state or folder() / HISTORY
    command = Origin(_prompt(said.prompt), shown(said.model), shown(said.call))
    by_path: dict[str, list[Verdict]] = {}
    for it in verdicts:
        by_path.setdefault(it.path, []).append(it)
    told = {name: ways(command, here / name, sources[name]) for name in by_path}
    calls = _known({called(it) for it in told.values()} - {""}, said)
    named = {}
    for name, its in by_path.items():
        known = calls.get(called(told[name]), UNKNOWN)
        from_ = joined(told[name], Origin(known.prompt, known.model))
        about = _attempt(_named(name, path, here), sources[name], its, from_)
        named[name] = msgspec.structs.replace(about, cost_nusd=known.cost_nusd)
    try:
        before = {it.identity for it in history.load(path)}
        new = [it for it in named.values() if it.failed or it.identity in before]
        history.append(path, new)
        waiting = history.needing_review(history.load(path))
    except OSError as error:
        say(f"failures are not remembered: {path}: {error.strerror}")
        return {}
    return {
        name: waiting[it.identity]
        for name, it in named.items()
        if it.failed and it.identity in waiting
    }


def _attempt(path: str, data: bytes, verdicts: Sequence[Verdict], from_: Origin) -> Attempt:
    return Attempt(
        at_us=time.time_ns() // 1000,
        path=path,
        code=hashlib.sha256(data).hexdigest()[:16],
        failed=history.failures(verdicts),
        passed=tuple(sorted({it.check for it in verdicts if it.state is State.PASSED})),
        prompt=from_.prompt,
        model=from_.model,
        call=from_.call,
    )


def _named(name: str, state: Path, here: Path) -> str:
    if name == "-":
        return name
    whole = Path(os.path.abspath(here / name))
    root = repository(Path(os.path.abspath(here / state)).parent)
    if root is not None and whole.is_relative_to(root):
        return shown(whole.relative_to(root).as_posix())
    return shown(str(whole))


def _known(calls: set[str], said: Said) -> dict[str, Known]:
    """What the ledger knows of the calls."""
    if not calls:
        return {}
    from headgate.cli.where import explained, find_ledger  # costly to load
    from headgate.policy import prefix
    from headgate.store.place import connect_reader
    from headgate.store.sql import ERRORS

    asked = sorted(calls)[:MOST_CALLS]
    marks = ", ".join("?" * len(asked))
    columns = "id, model_served, model_sent, prefix, cost_nusd"
    sql = f"SELECT {columns} FROM call WHERE id IN ({marks})"  # noqa: S608 - marks alone
    found: dict[str, Known] = {}
    try:
        with explained():
            connection = connect_reader(find_ledger(None, said.config_path))
            try:
                for id_, served, sent, pairs, cost_nusd in connection.execute(sql, asked):
                    whole = prefix.unpack(pairs or b"")
                    print_ = whole[-1][0].hex() if whole else ""
                    found[str(id_)] = Known(print_, served or sent, int(cost_nusd))
            finally:
                connection.close()
    except (Trouble, *ERRORS) as error:
        say(f"the ledger was not asked for models and prompts: {error}")
        return {}
    for gone in sorted(calls - found.keys()):
        say(f"call {shown(gone)} is not among the ledger's rows: its prompt is not known")
    return found


def _prompt(said: str) -> str:
    if said.startswith("@"):
        try:
            said = Path(said[1:]).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Misuse(f"--prompt {said}: {error.strerror}", "--prompt @FILE") from error
    return fingerprint(said) if said.strip() else ""
