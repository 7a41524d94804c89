"""Decides which shared configuration holds on this node: the newest that is valid here.

Rule 1: a version that cannot be used here, such as one that names a variable this node lacks,
is refused loudly and once; the one in force stays.
Rule 2: a node that starts takes the newest version that is valid here and says what it refused.
Rule 3: a store that cannot be reached changes nothing: the version in force stays.
Rule 4: [server], [ledger], [store], [archive] and [reconcile] are always the node's own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from headgate.config import SHARED, Config, ConfigError, Problem, load
from headgate.store import published
from headgate.store.place import Place, connect_reader, explain
from headgate.store.sql import ERRORS, Connection, StoreError

LOOK_S = 0.3
"""how often it is asked for a new version"""
TRIED = 20
"""versions that a start looks back through for a valid one"""


class Text(NamedTuple):
    version: int
    text: str


class Following:
    """What this process knows of the shared configuration; look() may be called in a thread."""

    def __init__(
        self, place: Place, near: Callable[[], Config], env: Mapping[str, str]
    ) -> None:
        """`near` reads what is the node's own."""
        self.version = 0
        """of the configuration in force"""
        self.refused = 0
        """a newer version that cannot be used here; 0: there is none"""
        self.why = ""
        """why not"""
        self.trouble = ""
        """why the store could not be asked the last time; empty: it could"""
        self._place = place
        self._near = near
        self._env = env
        self._held: Text | None = None
        self._link: Connection | None = None

    def begin(self) -> Config:
        """The newest valid version; ConfigError: there is none, StoreError: who knows."""
        texts = self._texts()
        if not texts:
            hint = "publish one: headgate config publish FILE"
            problem = Problem("", "no configuration was published in the store yet", hint)
            raise ConfigError("the shared configuration", [problem])
        first: ConfigError | None = None
        for self._held in texts:
            try:
                config = self.read()
                return replace(config, notes=(*config.notes, *self._refusal()))
            except ConfigError as error:
                first = first or error
        assert first is not None
        raise first

    def read(self) -> Config:
        """What is in force from now on: the version held; ConfigError: not on this node."""
        held = self._held
        assert held is not None, "begin() comes first"
        source = f"shared configuration, version {held.version}"
        near = self._near()
        if near.store.config != SHARED:
            problem = Problem("store.config", "takes effect after a restart")
            raise ConfigError(near.source, [problem])
        try:
            config = load(held.text, self._env, source=source, near=near)
        except ConfigError as error:
            if held.version >= self.refused:
                self.refused, self.why = held.version, str(error)
            raise
        self.version = held.version
        if self.refused <= held.version:
            self.refused, self.why = 0, ""
        return config

    def look(self) -> bool:
        """Is there a version that was not tried yet; it is held for read() then."""
        try:
            number = published.newest(self._connection())
            if self._held is not None and number == max(self._held.version, self.refused):
                self.trouble = ""
                return False
            text = published.text_of(self._connection(), number)
        except (StoreError, *ERRORS) as error:
            self.trouble = explain(error, self._place).why
            self.close()
            return False
        self.trouble = ""
        if text is None:
            return False
        self._held = Text(number, text)
        return True

    def shown(self) -> dict[str, Any]:
        """How it stands, without anything a stranger should not learn."""
        facts: dict[str, Any] = {"version": self.version}
        if self.refused:
            facts["refused"] = self.refused
        if self.trouble:
            facts["trouble"] = "the store cannot be asked for a newer version"
        return facts

    def shown_in_full(self) -> dict[str, Any]:
        why = {"why": self.why} if self.refused else {}
        return {**self.shown(), **why, **({"trouble": self.trouble} if self.trouble else {})}

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(*ERRORS):
                link.close()

    def _refusal(self) -> list[str]:
        if not self.refused:
            return []
        return [
            f"version {self.refused} of the shared configuration is refused here,"
            f" version {self.version} holds: {self.why}"
        ]

    def _texts(self) -> list[Text]:
        try:
            link = self._connection()
            numbers = [each.number for each in published.history(link, limit=TRIED)]
            texts = [(number, published.text_of(link, number)) for number in numbers]
        except ERRORS as error:
            self.close()
            raise explain(error, self._place) from error
        return [Text(number, text) for number, text in texts if text is not None]

    def _connection(self) -> Connection:
        if self._link is None:
            self._link = connect_reader(self._place)
        return self._link


async def follow(
    following: Following, reload: Callable[[], list[str]], say: Callable[[str], None]
) -> None:
    """Take up every new version, for as long as this is awaited; `say` is told of each."""
    while True:
        await asyncio.sleep(LOOK_S)
        if not await asyncio.to_thread(following.look):
            continue
        try:
            notes = reload()
        except ConfigError as error:
            say(
                f"version {following.refused} of the shared configuration is refused here,"
                f" version {following.version} stays:\n{error}"
            )
        else:
            say("\n".join([f"took up version {following.version}", *notes]))
