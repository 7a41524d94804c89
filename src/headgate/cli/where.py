"""Decides which store a command works on: --ledger's file, else the configuration's database or
file, else the home's file.

Rule 1: every command that opens the store finds it here, so that all of them find the same.
Rule 2: a store that cannot be opened is a Trouble with its remedy, never a trace.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from headgate.cli import Trouble
from headgate.config.model import Config
from headgate.store.place import Place
from headgate.store.server import read_url
from headgate.store.sql import StoreError
from headgate.store.sqlite import ledger_path

Decorated = TypeVar("Decorated", bound=Callable[..., object])


def ledger_option(command: Decorated) -> Decorated:
    """The --ledger option of commands that read or write the ledger without a gateway."""
    decorate: Any = click.option(
        "--ledger",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The ledger file; default: the database of [store] url in headgate.toml, else "
        "[ledger] path, else headgate.db in the state folder ($HEADGATE_HOME, "
        "~/.local/state/headgate).",
    )
    decorated: Decorated = decorate(command)
    return decorated


def find_ledger(ledger: Path | None, config_path: str | None) -> Place:
    """The store, which need not exist yet."""
    if ledger is not None:
        return ledger
    from headgate.config import load_places  # costly to load; not needed with --ledger

    return ledger_of(load_places(Path(config_path) if config_path else None, os.environ))


def ledger_of(config: Config) -> Place:
    """The store of a configuration."""
    if config.store.url:
        with explained():
            return read_url(config.store.url)
    if config.ledger.path:
        return Path(config.ledger.path).expanduser()
    with explained():
        return ledger_path(os.environ)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Show a store's error as the command line shows errors."""
    try:
        yield
    except StoreError as error:
        raise Trouble(error.what, error.hint) from error
