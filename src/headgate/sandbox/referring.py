"""Artefacts too large to be answered inline: kept for whoever asked, and named in the answer.

Rule 1: one file is kept once, by the same name as it appears and in the result.
Rule 2: where there is no room for it, it stays in the answer rather than being lost.
Rule 3: what appears is told in its turn; whoever is told of a name can fetch it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable

import msgspec

from headgate.sandbox.model import Artefact, Heard, Limits, Made
from headgate.sandbox.shelf import Found, Store

PREFIX = "art_"
_write = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Artefact).decode
Hearing = Callable[[Heard], None] | None


async def fetched(store: Store, reference: str, owner: str) -> Artefact | None:
    """An artefact with its content; None: it is gone, or another's."""
    found = await store.find(reference, owner)
    if found is None:
        return None
    return msgspec.structs.replace(_read(found.note), data=found.data, reference=reference)


class Referring:
    """What is kept of one run."""

    def __init__(self, store: Store, owner: str, limits: Limits, keep_s: float) -> None:
        self._store, self._owner, self._keep_s = store, owner, keep_s
        self._inline_bytes = limits.inline_bytes
        self._known: dict[tuple[str, str], asyncio.Future[Artefact]] = {}
        self._telling: asyncio.Future[None] | None = None
        self._said: list[Heard] = []
        """what waits behind an artefact that is being kept"""

    def listen(self, heard: Hearing) -> Hearing:
        """The same listener, told of names where the result has them."""
        if heard is None:
            return None

        def tell(it: Heard) -> None:
            if self._telling is None and not self._is_large(it):
                heard(it)
                return
            self._said.append(it)
            if self._telling is None:
                self._telling = asyncio.ensure_future(self._tell(heard))

        return tell

    async def all(self, artefacts: tuple[Artefact, ...]) -> tuple[Artefact, ...]:
        """The result's own, once all that was heard has been told."""
        if self._telling is not None:
            await self._telling
        if not any(self._is_large(Made(it)) for it in artefacts):
            return artefacts
        return tuple([await self._refer(it) for it in artefacts])

    async def give_up(self) -> None:
        """Nobody listens any more."""
        if self._telling is not None:
            self._telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._telling

    async def _tell(self, heard: Callable[[Heard], None]) -> None:
        try:
            while self._said:
                it = self._said.pop(0)
                if isinstance(it, Made):
                    it = Made(await self._refer(it.artefact))
                heard(it)
        finally:
            self._telling = None

    async def _refer(self, artefact: Artefact) -> Artefact:
        if not self._is_large(Made(artefact)):
            return artefact
        key = (artefact.path, artefact.sha256)
        if key not in self._known:
            self._known[key] = asyncio.ensure_future(self._keep(artefact))
        return await self._known[key]

    async def _keep(self, artefact: Artefact) -> Artefact:
        assert artefact.data is not None
        name = f"{PREFIX}{secrets.token_hex(16)}"
        by_name = msgspec.structs.replace(artefact, data=None, reference=name)
        found = Found(artefact.data, _write(by_name))
        kept = await self._store.put(name, self._owner, found, self._keep_s)
        return by_name if kept else artefact

    def _is_large(self, it: Heard) -> bool:
        data = it.artefact.data if isinstance(it, Made) else None
        return data is not None and len(data) > self._inline_bytes
