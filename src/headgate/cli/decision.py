"""Runs `headgate decide`: asks, keeps what was decided, and asks it again.

Rule 1: a saved decision holds the words it was asked in and what was said, no prices: asked
again it goes by those of that day.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headgate.cli import FAILURE, Misuse, Trouble
from headgate.cli.deciding import Asking, read
from headgate.cli.decisionview import (
    Again,
    as_data,
    page,
    show,
    show_again,
    show_gateway,
)
from headgate.cli.openbook import Named
from headgate.cli.terminal import print_json, print_table, say
from headgate.cli.where import explained, find_ledger
from headgate.cli.whole import write_whole
from headgate.money import amounts
from headgate.money.decision.gateway import Situation, advise
from headgate.money.decision.pace import Times
from headgate.money.decision.question import decide
from headgate.money.decision.verdict import Verdict
from headgate.store import decision as kept
from headgate.store.decision import Decision
from headgate.store.place import Place, connect, connect_reader, there_is

PLACES = ("ledger", "config_path")
NOT_SAVED = (*PLACES, "as_json", "save", "html_file", "on")
SECOND_US = 1_000_000


def ask(typed: dict[str, Any]) -> None:
    """Decide, and print it."""
    asking, verdict, assumed = _decided(typed)
    name = typed.get("save")
    if name:
        _save(typed, str(name), verdict)
    if typed.get("html_file"):
        write_whole(typed["html_file"], page(asking, verdict, assumed), "--html FILE")
    if typed["as_json"]:
        print_json(as_data(asking, verdict, assumed))
    else:
        show(asking, verdict, assumed)
        if name:
            say(f"saved; ask it again with: headgate decide again {name}")


def _decided(typed: dict[str, Any]) -> tuple[Asking, Verdict, tuple[str, ...]]:
    words: dict[str, Any] = {}
    assumed: tuple[str, ...] = ()
    times: dict[str, Times] = {}
    if typed.get("last"):
        from headgate.cli.observed import observed
        from headgate.cli.pacing import measured

        whose = {name: typed.get(name) or "" for name in ("key", "route", "served")}
        place = (typed.get("ledger"), typed.get("config_path"))
        words, assumed = observed(typed["last"], whose, place)
        times = measured(typed["last"], place, int(typed.get("level") or 99))
    elif any(typed.get(name) for name in ("key", "route", "served")):
        raise Misuse("--key, --route and --served choose calls of the ledger", "add --last 30d")
    asking = read(typed, words, times)
    return asking, decide(asking.question), assumed


def ask_again(
    names: Sequence[str], *, every: bool, check: bool, as_json: bool, named: Named
) -> None:
    """Ask what was saved again, and say what has flipped."""
    known = {it.name: it for it in _saved(find_ledger(*named))}
    unknown = [name for name in names if name not in known]
    if unknown:
        there = ", ".join(known) or "none"
        raise Trouble(f"no decision is saved as {unknown[0]!r}", f"there are: {there}")
    if not names and not every:
        raise Misuse("name a decision, or say --all", "headgate decide list shows them")
    found, failed = _again([known[name] for name in names or known], named)
    if as_json:
        print_json([one.as_data() for one in found])
    else:
        show_again(found)
    if failed or (check and any(one.flips for one in found)):
        raise SystemExit(FAILURE)


def _again(saved: Sequence[Decision], named: Named) -> tuple[list[Again], int]:
    """What is said now, and of how many nothing can be: one of them does not end the others."""
    found: list[Again] = []
    for it in saved:
        typed = {**json.loads(it.asked), **dict(zip(PLACES, named, strict=True))}
        try:
            _, verdict, _ = _decided(typed)
        except Trouble as error:
            if len(saved) == 1:
                raise
            say(f"{it.name} cannot be asked again: {error}")
        else:
            found.append(Again(it, verdict))
    return found, len(saved) - len(found)


def show_saved(as_json: bool, ledger: Path | None, config_path: str | None) -> None:
    """What was saved, the newest first."""
    rows = _saved(find_ledger(ledger, config_path))
    if as_json:
        print_json([{**it._asdict(), "asked": json.loads(it.asked)} for it in rows])
    elif rows:
        shown = [
            (it.name, time.strftime("%Y-%m-%d", time.gmtime(it.at_us / SECOND_US)), it.said)
            for it in rows
        ]
        print_table(("decision", "of", "choice"), shown)
    else:
        say("nothing is saved yet: headgate decide … --save NAME")


def ask_gateway(typed: dict[str, Any] | None = None, **more: Any) -> None:
    """Stay with the direct API, or not."""
    said = {**(typed or {}), **more}
    wrong: list[str] = []

    def one(name: str, reader: Any) -> Any:
        try:
            return reader(str(said[name]))
        except ValueError as error:
            wrong.append(f"--{name.replace('_', '-')}: {error}")
            return reader("0")

    situation = Situation(
        keys=said["keys"],
        monthly_nusd=one("monthly", amounts.nusd),
        vendors=said["vendors"],
        teams=said["teams"],
        interactive_budget_s=float(one("budget_ttft", amounts.number)),
        failing_share=float(one("failing", amounts.part)),
        saving_share=float(one("saving", amounts.part)),
        hourly_nusd=one("hourly", amounts.nusd),
        infrastructure_nusd=one("infra", amounts.nusd),
    )
    if wrong:
        raise Misuse("\n       ".join(wrong), "headgate decide gateway --help shows an example")
    if said["last"]:
        from headgate.cli.pacing import situation_of

        place = (said["ledger"], said["config_path"])
        situation = situation_of(said["last"], place, situation)
    show_gateway(situation, advise(situation), as_json=said["as_json"])


def _save(typed: Mapping[str, Any], name: str, verdict: Verdict) -> None:
    place = find_ledger(typed["ledger"], typed["config_path"])
    words = {
        key: value
        for key, value in typed.items()
        if key not in NOT_SAVED and value not in (None, "", (), False)
    }
    costs = {it.candidate.name: it.candidate.monthly_nusd for it in verdict.weighed}
    row = Decision(
        name,
        time.time_ns() // 1000,
        json.dumps(words),
        verdict.choice,
        json.dumps(costs),
    )
    with explained(), contextlib.closing(connect(place)) as connection:
        kept.keep(connection, row)


def _saved(place: Place) -> list[Decision]:
    if not there_is(place):
        return []
    with explained(), contextlib.closing(connect_reader(place)) as connection:
        return kept.every(connection)
