"""A gateway with an operator's token, and whoever else asks it something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.policy.role import Role
from headgate.store import admintoken
from headgate.store.admintoken import Wish
from headgate.store.sqlite import connect
from tests.kit import ENV, HASTE, Field, Got, request, running

TOKEN = "operators-own-token"
GUARDED = 'admin_token = "env:ADMIN"\n' + HASTE


@dataclass(slots=True)
class Desk:
    """Where administrators ask."""

    field: Field

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        fields = dict(headers or {})
        if token is not None:
            fields["authorization"] = f"Bearer {token}"
        return await request(self.field.opened.server.port, method, path, body, fields)

    async def get(self, path: str, token: str | None = TOKEN) -> Any:
        """What is found there."""
        got = await self.ask("GET", path, token=token)
        assert got.status == 200, got.body
        return got.json

    async def make(self, path: str, **body: object) -> Any:
        """What is made there."""
        got = await self.ask("POST", path, body)
        assert got.status == 201, got.body
        return got.json

    async def token(
        self, name: str, role: Role, *scopes: str, expires_us: int | None = None
    ) -> str:
        """The secret of a new administrator's token, made as the command does."""
        return await asyncio.to_thread(self._token, Wish(name, role, scopes, expires_us))

    def _token(self, wish: Wish) -> str:
        with contextlib.closing(connect(self.field.ledger)) as store:
            return admintoken.create(store, wish, now_us=1)[1]

    async def deeds(self) -> list[Any]:
        """What the log tells, oldest first, as (actor, action, subject)."""
        rows = (await self.get("/admin/log?limit=1000"))["data"]
        return [(row["actor"], row["action"], row["subject"]) for row in rows[::-1]]


@contextlib.asynccontextmanager
async def opened(toml: str = "", env: Mapping[str, str] | None = None) -> AsyncIterator[Desk]:
    text = GUARDED + toml
    async with running(text, env={**ENV, "ADMIN": TOKEN, **(env or {})}) as field:
        yield Desk(field)


def problem(got: Got) -> str:
    """What an answer says went wrong, and what to do."""
    error = got.json["error"]
    assert set(error) == {"message", "hint"}, got.body
    return f"{error['message']} | {error['hint']}"
