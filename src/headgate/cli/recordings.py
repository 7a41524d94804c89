"""headgate recordings: shows what was written down of calls, and deletes it.

Rule 1: it reads the file as a process of its own, with no gateway running.
Rule 2: nothing is deleted that was not named; everything only with --all.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Misuse
from headgate.cli.recorded import none_there, recordings, selecting, wanted
from headgate.cli.terminal import (
    config_option,
    json_option,
    print_json,
    print_table,
    safe,
    say,
)
from headgate.cli.where import ledger_option

if TYPE_CHECKING:
    from headgate.store.recordings import Recorded

SHOWN = 60
"""characters of a question in a list"""


@click.group()
def command() -> None:
    """Show and delete what [recording] wrote down of calls.

    \b
    Examples:
      headgate recordings list --since 24h
      headgate recordings rm --all
    """


@command.command("list")
@selecting
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@ledger_option
@config_option
def list_(
    limit: int, as_json: bool, ledger: Path | None, config_path: str | None, **said: Any
) -> None:
    """List recorded calls, the newest first.

    \b
    Example:
      headgate recordings list --tag team=search --json
    """
    meant = wanted((), said)
    with recordings(ledger, config_path) as found:
        calls = found.find(meant, limit)
        if as_json:
            print_json([_line(it) for it in calls])
            return
        if not calls:
            raise none_there(found, meant, config_path)
    rows = [
        [it.id, _when(it.at_us), it.key or it.key_id, it.model_sent, _question(it)]
        for it in calls
    ]
    print_table(["call", "when", "key", "model", "question"], rows)


@command.command()
@click.argument("call")
@json_option
@ledger_option
@config_option
def show(call: str, as_json: bool, ledger: Path | None, config_path: str | None) -> None:
    """Show all that was written down of one CALL, by its request id.

    \b
    Example:
      headgate recordings show req_01hzy3
    """
    meant = wanted((call,), {"tag": "", "model": "", "key": "", "since": ""})
    with recordings(ledger, config_path) as found:
        calls = found.find(meant, 1)
        if not calls:
            raise none_there(found, meant, config_path)
    if as_json:
        print_json(calls[0])
        return
    it = calls[0]
    turns = [("system", it.asked.system)] if it.asked.system else []
    turns += [(turn.role, turn.text) for turn in it.asked.turns]
    turns.append(("answer", it.answer.text if it.answer is not None else "(not recorded)"))
    for who, text in turns:
        click.echo(f"--- {who}\n{safe(text)}")


@command.command()
@click.argument("calls", nargs=-1)
@selecting
@click.option("--all", "is_all", is_flag=True, help="All of them.")
@ledger_option
@config_option
def rm(
    calls: tuple[str, ...],
    is_all: bool,
    ledger: Path | None,
    config_path: str | None,
    **said: Any,
) -> None:
    """Delete recordings: CALLS by their ids, or all that the options mean.

    What is deleted is overwritten in the file.

    \b
    Examples:
      headgate recordings rm req_01hzy3
      headgate recordings rm --key ci
    """
    if not (is_all or calls or any(said.values())):
        raise Misuse("nothing is named", "name calls, --tag, --model, --key, --since or --all")
    meant = wanted(calls, said)
    with recordings(ledger, config_path) as found:
        gone = found.delete(meant)
        if not gone and calls:
            raise none_there(found, meant, config_path)
    say(f"{gone:,} {'recording is' if gone == 1 else 'recordings are'} deleted")


def _line(it: Recorded) -> dict[str, object]:
    return {
        "id": it.id,
        "at": datetime.fromtimestamp(it.at_us / 1e6).astimezone().isoformat(),
        "key": it.key or it.key_id,
        "tags": it.tags,
        "surface": it.surface,
        "model": it.model_asked,
        "target": f"{it.provider}:{it.model_sent}",
        "masked": it.masked,
        "question": _question(it),
    }


def _question(it: Recorded) -> str:
    text = " ".join((it.asked.turns[-1].text if it.asked.turns else "").split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _when(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
