"""Which recordings a command means: where they lie, and which of them.

Rule 1: they lie beside the ledger, or in the state folder where the ledger is on a server.
Rule 2: where there are none, it is said what to set so that there are.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from headgate.cli import Misuse
from headgate.cli.since import start_us
from headgate.cli.where import explained, find_ledger
from headgate.store.recordings import NAME, Recordings, Wanted
from headgate.store.sqlite import state_place

Decorated = TypeVar("Decorated", bound=Callable[..., object])

ALLOW = 'set [recording] enabled = true with keys, tags or models, such as models = ["*"]'
_OPTIONS = (
    click.option("--tag", default="", help="Only calls with this tag, or pattern of tags."),
    click.option("--model", default="", help="Only calls for this model, or pattern."),
    click.option("--key", default="", help="Only calls of this virtual key: name or id."),
    click.option("--since", default="", help="Only from then on: 30m, 24h, 7d, or a day."),
)


def selecting(command: Decorated) -> Decorated:
    """The options that choose among recordings."""
    decorated: Any = command
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    found: Decorated = decorated
    return found


def wanted(ids: tuple[str, ...], said: dict[str, Any]) -> Wanted:
    """Which recordings the options mean."""
    since = said["since"]
    return Wanted(
        ids,
        said["tag"],
        said["model"],
        said["key"],
        start_us(since, time.time_ns() // 1000) if since else 0,
    )


@contextlib.contextmanager
def recordings(ledger: Path | None, config_path: str | None) -> Iterator[Recordings]:
    """The recordings; a Trouble if they cannot be read."""
    place = find_ledger(ledger, config_path)
    folder = place.parent if isinstance(place, Path) else state_place(os.environ)
    found = Recordings(folder / NAME)
    try:
        with explained():
            yield found
    finally:
        found.close()


def none_there(found: Recordings, meant: Wanted, config_path: str | None) -> Misuse:
    """Why there is nothing, and what would change that."""
    from headgate.cli.sharing import known  # costly to load, and rarely needed

    config = known(Path(config_path) if config_path else None)
    is_on = config is not None and config.recording.enabled
    if meant.ids:
        what = f"call {meant.ids[0]} is not recorded"
    else:
        what = "no recorded call is meant" if found.find(most=1) else "no call is recorded"
    if not is_on:
        return Misuse(f"{what}: recording is off", ALLOW)
    return Misuse(what, "headgate recordings list shows what there is")
