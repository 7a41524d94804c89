"""Does what `headgate bench add` asks: proves tasks made of recorded calls, and adds them.

Rule 1: only a task that was proved goes into the dataset; what has no tests is a draft, in a
file of its own, so that the dataset can be run at any time.
Rule 2: whatever is left out is named, with why; a question that is there already is one.
Rule 3: calls are read, never made: what was not recorded is no task.
Rule 4: what others added while these were proved is looked at once more, alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import msgspec

from headgate.bench.adding import NoTask, Proposed, Wish, likeness, proposed, unique
from headgate.bench.judging import grade
from headgate.bench.proof import prove, rejected, unproved
from headgate.bench.reading.appending import NoFile, alone, append, drafts_of, tasks_in
from headgate.bench.reading.dataset import NoDataset, gathered
from headgate.bench.reading.own import BadTask, Written, made
from headgate.bench.stubs import STUBS
from headgate.bench.task import TESTS
from headgate.cli import Misuse, Trouble
from headgate.cli.recorded import none_there, recordings, wanted
from headgate.cli.terminal import print_json, say
from headgate.config import load_places
from headgate.sandbox.model import Order, Result, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.store.recordings import Recorded

FOUND = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said on the command line."""

    dataset: Path
    calls: tuple[str, ...] = ()
    tag: str = ""
    model: str = ""
    key: str = ""
    since: str = ""
    limit: int = 20
    draft: str = ""
    tests: Path | None = None
    reference: Path | None = None
    language: str | None = None
    name: str = ""
    tags: str = ""
    as_json: bool = False
    ledger: Path | None = None
    config_path: str | None = None


class Done(msgspec.Struct):
    """What became of each call."""

    added: list[dict[str, str]] = []
    drafts: list[dict[str, str]] = []
    left_out: list[dict[str, str]] = []

    def leave_out(self, name: str, why: str, remedy: str) -> None:
        self.left_out.append({"name": name, "why": why, "remedy": remedy})


def run(asked: Asked) -> int:
    """Make and add the tasks; the exit code."""
    done = Done()
    try:
        there = _there(asked)
        found = [_of_draft(asked)] if asked.draft else _of_calls(asked, done)
        found = _new_ones(found, there, done, asked)
        ready = [it for it in found if it.tests]
        _add(asked, ready, done)
        _draft(asked, [it for it in found if not it.tests], done)
    except NoFile as error:
        raise Trouble(str(error), error.remedy) from error
    _tell(asked, done)
    return 0 if done.added or done.drafts else FOUND


def _there(asked: Asked) -> list[dict[str, Any]]:
    """What is asked already; a draft that becomes a task is not in its own way."""
    drafts = [] if asked.draft else tasks_in(drafts_of(asked.dataset))
    return [*tasks_in(asked.dataset), *drafts]


def _of_calls(asked: Asked, done: Done) -> list[Proposed]:
    """The tasks of the recorded calls that are meant."""
    wish = Wish(
        asked.language or "",
        asked.name,
        _tags(asked),
        _content(asked.tests),
        _content(asked.reference),
    )
    proposals = []
    for call in _calls(asked):
        try:
            proposals.append(proposed(call, wish))
        except NoTask as error:
            done.leave_out(call.id, str(error), error.remedy)
    return proposals


def _calls(asked: Asked) -> list[Recorded]:
    said = {name: getattr(asked, name) for name in ("tag", "model", "key", "since")}
    with recordings(asked.ledger, asked.config_path) as kept:
        if not asked.calls:
            meant = wanted((), said)
            found = kept.find(meant, asked.limit)
            if not found:
                raise none_there(kept, meant, asked.config_path)
            return found
        found = []
        for call in asked.calls:
            meant = wanted((call,), said)
            newest = kept.find(meant, 1)
            if not newest:
                raise none_there(kept, meant, asked.config_path)
            found += newest
        return found


def _of_draft(asked: Asked) -> Proposed:
    """A draft, with its tests."""
    path = drafts_of(asked.dataset)
    drafts = {str(it.get("id")): it for it in tasks_in(path)}
    row: dict[str, Any] | None = drafts.get(asked.draft)
    if row is None:
        there = f"there are {', '.join(drafts)}" if drafts else "make one with --call"
        raise Misuse(f"{path} has no draft named {asked.draft!r}", there)
    language = asked.language or str(row.get("language"))
    tests = asked.tests or _stub(asked.dataset, asked.draft, language)
    if not tests.exists():
        raise Misuse(f"there is no {tests}", "name the file of its tests with --tests")
    return Proposed(
        asked.name or asked.draft,
        language,
        str(row.get("prompt", "")),
        _content(asked.reference) or str(row.get("reference", "")),
        _tags(asked) or tuple(map(str, row.get("tags", ()))),
        _content(tests),
    )


def _new_ones(
    found: Iterable[Proposed], there: Sequence[dict[str, Any]], done: Done, asked: Asked
) -> list[Proposed]:
    """Without those that ask what is asked already, each with a name of its own."""
    prompts = {likeness(str(it.get("prompt", ""))): str(it.get("id", "")) for it in there}
    names = {str(it.get("id", "")) for it in there}
    kept = []
    for it in found:
        same = prompts.get(likeness(it.prompt))
        if same is not None:
            what = f"{same or 'a task'} asks the same already"
            done.leave_out(it.name, what, "nothing is to be done")
            continue
        if asked.name and asked.name in names:
            raise Misuse(f"there is a task named {asked.name} already", "say another --id")
        named = it._replace(name=unique(it.name, names))
        names.add(named.name)
        prompts[likeness(it.prompt)] = named.name
        kept.append(named)
    return kept


def _add(asked: Asked, tasks: Sequence[Proposed], done: Done) -> None:
    """Prove them, and add those that hold."""
    good = []
    for it in tasks:
        try:
            why, remedy = asyncio.run(_wrong_with(it, asked.config_path))
        except Unavailable as missing:
            raise Trouble(missing.what, missing.remedy) from missing
        if why:
            done.leave_out(it.name, why, remedy)
        else:
            good.append(it)
    if good:
        good = _put(asked.dataset, good, asked, done)
    for it in good:
        say_notes(it)
        done.added.append({"id": it.name, "language": it.language, "file": str(asked.dataset)})


def _put(path: Path, tasks: Sequence[Proposed], asked: Asked, done: Done) -> list[Proposed]:
    """Add them, but for what somebody else has added since they were read."""
    with alone(path):
        kept = _new_ones(tasks, _there(asked), done, asked)
        if kept:
            append(path, kept)
    return kept


async def _wrong_with(it: Proposed, config_path: str | None) -> tuple[str, str]:
    """Why a task does not hold, and the remedy; empty: it does."""
    try:
        written = msgspec.convert(
            {"language": it.language, "prompt": it.prompt, "tests": it.tests,
             "reference": it.reference},
            Written,
        )  # fmt: skip
        checked = gathered(it.name, [made(written, it.name)])
    except (BadTask, NoDataset, msgspec.ValidationError) as error:
        return str(error), "mend it"
    if checked.rejected:
        return checked.rejected[0].why, checked.rejected[0].remedy
    places = await asyncio.to_thread(
        load_places, Path(config_path) if config_path else None, os.environ
    )
    settings = replace(places.sandbox, concurrent_per_tenant=places.sandbox.at_once)
    async with Sandbox(settings) as sandbox:

        async def carry(order: Order) -> Result:
            return await sandbox.carry_out(order)

        proof = await prove(checked.tasks[0], lambda task, code: grade(task, code, carry))
    wrong = rejected(proof) or unproved(proof)
    return (wrong.why, wrong.remedy) if wrong is not None else ("", "")


def _draft(asked: Asked, tasks: Sequence[Proposed], done: Done) -> None:
    """Write them down without tests, and a file beside each to write the tests in."""
    if not tasks:
        return
    for it in _put(drafts_of(asked.dataset), tasks, asked, done):
        stub = _stub(asked.dataset, it.name, it.language)
        stub.parent.mkdir(parents=True, exist_ok=True)
        if not stub.exists():
            stub.write_text(STUBS[it.language], encoding="utf-8")
        say_notes(it)
        done.drafts.append({"id": it.name, "language": it.language, "tests": str(stub)})


def say_notes(it: Proposed) -> None:
    for note in it.notes:
        say(f"{it.name}: {note}")


def _stub(dataset: Path, name: str, language: str) -> Path:
    """Where a draft's tests are written."""
    file = TESTS.get(language, "tests.txt").rpartition("/")[2]
    return dataset.with_name(f"{dataset.stem}.drafts") / name.replace("/", "-") / file


def _tags(asked: Asked) -> tuple[str, ...]:
    return tuple(it.strip() for it in asked.tags.split(",") if it.strip())


def _content(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} cannot be read: {error}", "name a file of UTF-8 text") from error


def _tell(asked: Asked, done: Done) -> None:
    for it in done.left_out:
        say(f"{it['name']}: left out: {it['why']} ({it['remedy']})")
    if asked.as_json:
        print_json(done)
        return
    for it in done.added:
        click.echo(f"added {it['id']} to {it['file']}: its reference passes its tests")
    for it in done.drafts:
        click.echo(
            f"drafted {it['id']}: write its tests in {it['tests']}, then\n"
            f"  headgate bench add {asked.dataset} --draft {it['id']}"
        )
