"""Starts a crew of workers for `headgate up`: how each is started, and where it says what.

Rule 1: a worker is this program again, with the same words and the post it takes.
Rule 2: what happens to workers is told to whoever watches, and is a line of the log.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from headgate.cli.greeting import Greeting, greet
from headgate.cli.where import ledger_of
from headgate.config import Config
from headgate.gateway.board import Board
from headgate.gateway.crew import RELOADED, TOLD_TO_RELOAD, Crew, Wish, interpreter
from headgate.gateway.lifeline import Post
from headgate.gateway.serve import Listen
from headgate.providers import Provider
from headgate.store.adminlog import Actor
from headgate.store.place import Place

STDERR = 2
DONE = "reloaded"
"""how what is said of a reload begins that was done"""


def supervise(
    config: Config, listen: Listen, words: Sequence[str], descriptor: int, as_json: bool
) -> int:
    """Serve by config.server.workers processes; what this one exits with."""
    board = Board.create(config.server.workers)

    def command(post: Post) -> list[str]:
        return [*interpreter(), "up", *words, "--post", str(post)]

    def welcome(ready: list[dict[str, Any]]) -> None:
        said = [msgspec.convert(each, Greeting) for each in ready]
        of_all = msgspec.structs.replace(
            said[0],
            pid=os.getpid(),
            orphans=sum(each.orphans for each in said),
            named=[name for each in said for name in each.named],
        )
        greet(of_all, config, as_json, [each.pid for each in said])

    told: list[str] = []

    def say(event: str, facts: dict[str, Any]) -> None:
        if event == TOLD_TO_RELOAD:
            told.append(event)
        elif event == RELOADED and told and facts["message"].startswith(DONE):
            told.clear()
            log_reload(ledger_of(config), config.source)
        if facts["message"]:
            click.echo(facts["message"], err=True)
        if descriptor != STDERR:
            line = {"at": datetime.now(UTC), "event": event, **facts}
            with board.turn():
                os.write(descriptor, msgspec.json.encode(line) + b"\n")

    wish = Wish(config.server.workers, listen, command, welcome, say)
    return Crew(wish, board).run()


def log_reload(place: Place, source: str) -> None:
    """Tell the log of administrators of a reload that a signal asked for."""
    from headgate.gateway.admin import plant  # costly to load; reloads are rare

    actor = Actor(f"signal:{socket.gethostname()}", "admin")
    if why := plant.log_reload(place, actor, source):
        click.echo(f"the reload is not in the log of administrators: {why}", err=True)


def share(config: Config) -> Config:
    """One worker's part of what a provider takes from all: its connections, one at least."""
    workers = config.server.workers
    if workers == 1:
        return config
    few = [each.name for each in config.providers if each.max_connections < workers]
    notes = [
        f"providers.{name}.max_connections is less than server.workers = {workers}:"
        " each worker holds one connection"
        for name in few
    ]
    return replace(
        config,
        providers=tuple(_share(each, workers) for each in config.providers),
        notes=(*config.notes, *notes),
    )


def _share(provider: Provider, workers: int) -> Provider:
    return replace(provider, max_connections=max(1, provider.max_connections // workers))
