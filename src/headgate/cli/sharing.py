"""Where a command's configuration comes from: a file, or the store that nodes share it in.

Rule 1: what is published was found valid first; every mistake is told at once.
Rule 2: a text holds names of secrets only, so that it may lie in the store and be shown.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from headgate.cli import Trouble
from headgate.cli.where import explained, ledger_of
from headgate.config import (
    NEAR,
    SHARED,
    Config,
    ConfigError,
    find_file,
    load,
    load_file,
    load_places,
)
from headgate.gateway.following import Following
from headgate.store.published import LONGEST_CHARS

_NAMED = re.compile(r"""["']env:([A-Za-z_][A-Za-z0-9_]*)["']""")
_STANDS_FOR = "0aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ" * 4
"""a secret that nodes have and this machine lacks: no shape of a placeholder"""


class Source:
    """The configuration of a process that serves, which reads it again now and then."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.following: Following | None = None
        near = load_file(file, os.environ)
        if near.store.config == SHARED:
            self.following = Following(ledger_of(near), self._read_file, os.environ)

    def begin(self) -> Config:
        """What is in force now."""
        if self.following is None:
            return self._read_file()
        with explained():
            return self.following.begin()

    def read(self) -> Config:
        """What is in force from now on."""
        return self._read_file() if self.following is None else self.following.read()

    def _read_file(self) -> Config:
        return load_file(self._file, os.environ)


def in_force(file: Path | None) -> Config:
    """The configuration a gateway would start with here; what it had to refuse is a note."""
    source = Source(file)
    try:
        return source.begin()
    finally:
        if source.following is not None:
            source.following.close()


def known(file: Path | None) -> Config | None:
    """The same for whoever only reads: secrets that this machine lacks are taken to be where
    the gateways run. None: there is none that can be read."""
    with contextlib.suppress(ConfigError, Trouble):
        return in_force(file)
    with contextlib.suppress(ConfigError, Trouble, OSError, UnicodeDecodeError):
        found = find_file(file, os.environ)
        text = found.read_text(encoding="utf-8-sig") if found is not None else ""
        return load(text, _environment(text, elsewhere=True), source=str(found or ""))
    return None


def text_to_publish(file: str | None, config_path: str | None) -> tuple[str, str]:
    """(the text, what it is called)."""
    if file == "-":
        return sys.stdin.read(), "the standard input"
    path = Path(file) if file is not None else None
    path = path or find_file(Path(config_path) if config_path else None, os.environ)
    if path is None:
        raise Trouble("there is no headgate.toml to publish", "name the file to publish")
    try:
        return path.read_text(encoding="utf-8-sig"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Trouble(f"{path} cannot be read: {why}", "name the file to publish") from None


def check(text: str, name: str, config_path: str | None, *, elsewhere: bool) -> list[str]:
    """What should be known of a text that may be published; ConfigError when it may not.

    `elsewhere`: secrets this machine lacks are taken to be where the gateways run.
    """
    if len(text) > LONGEST_CHARS:
        raise Trouble(f"{name} is longer than {LONGEST_CHARS:,} characters")
    near = load_places(Path(config_path) if config_path else None, os.environ)
    config = load(text, _environment(text, elsewhere=elsewhere), source=name, near=near)
    sections = tomllib.loads(text)
    if sections.get("store", {}).get("config") == SHARED:
        raise Trouble(
            f"{name} is a node's own file: it takes the rest from the store",
            "name the file that holds the rest",
        )
    own = [f"[{section}]" for section in NEAR if section in sections]
    notes = [note for note in config.notes if "environment" not in note]
    if own:
        notes.append(f"what it says in {', '.join(own)} holds nowhere: each node has its own")
    return notes


def _environment(text: str, *, elsewhere: bool) -> Mapping[str, str]:
    if not elsewhere:
        return os.environ
    return dict.fromkeys(_NAMED.findall(text), _STANDS_FOR) | dict(os.environ)
