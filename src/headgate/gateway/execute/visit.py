"""Who asks for code to be run, and may they: from a request to a Visit, or a fault.

Rule 1: where [sandbox] does not say so, no code of anybody is run.
Rule 2: a key whose surfaces are named runs code only where "execute" is among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from headgate.config import Config
from headgate.engine.execution import SURFACE
from headgate.gateway.body import read_body
from headgate.gateway.edge import LINE
from headgate.gateway.execute.trouble import Trouble
from headgate.gateway.keys import authenticate
from headgate.gateway.line import Line, Scope
from headgate.gateway.sink import HttpSink
from headgate.policy.permit import Permit, listed
from headgate.store.keys import Key, Keys
from headgate.wire.call import Caller
from headgate.wire.model import Fault, Kind

LARGE = 1 << 19
"""a longer body is taken apart in a thread"""
HOUSE = "house"
"""the tenant of calls without a key"""

Read = TypeVar("Read")


class Visit(NamedTuple):
    """One request of somebody who may have code run."""

    id: str
    caller: Caller
    owner: str
    """the id of the key; empty: none is asked for here"""
    tenant: str
    """who shares a worker with it"""
    line: Line
    sink: HttpSink
    config: Config

    async def body(self, most: int = 0) -> bytes:
        """The whole body; Fault when it is larger than allowed, before it is read."""
        limit = self.config.server.max_body_bytes
        limit = min(limit, most) if most else limit
        if not self.line.all_here and self.line.declared <= limit:
            await self.line.gather(limit)
        try:
            return read_body(self.line, self.caller.told, limit)
        except Fault as fault:
            if fault.kind is not Kind.TOO_LARGE:
                raise
            least = (
                "have [server] max_body_bytes raised" if limit != most else "lay less at once"
            )
            raise Trouble(fault.kind, fault.message, remedy=f"send less, or {least}") from fault

    async def read(self, body: bytes, reading: Callable[[bytes], Read]) -> Read:
        """What the body says; a long one is read in a thread."""
        if len(body) < LARGE:
            return reading(body)
        return await asyncio.to_thread(reading, body)


def let_in(keys: Keys, config: Config, scope: Scope, sink: HttpSink, id: str) -> Visit:
    """The visit of this request; Fault says why it is none."""
    key, headers = authenticate(keys, scope["headers"])
    return visit_of(keys, config, (key, Caller(headers, keys.holder(key))), (scope, sink), id)


def visit_of(
    keys: Keys,
    config: Config,
    who: tuple[Key | None, Caller],
    where: tuple[Scope, HttpSink],
    id: str,
) -> Visit:
    """The visit of somebody who is known already."""
    key, caller = who
    if not config.sandbox.enabled:
        raise Trouble(
            Kind.FORBIDDEN,
            "no code is run here: [sandbox] is off",
            code="execution_off",
            remedy="whoever runs this Headgate can write enabled = true under [sandbox]",
        )
    if key is not None:
        _check_grants(key)
    tenant = HOUSE if key is None else _tenant(key, config)
    owner = key.id if key is not None else ""
    scope, sink = where
    return Visit(id, caller, owner, tenant, scope[LINE], sink, config)


def _tenant(key: Key, config: Config) -> str:
    return f"team:{key.team.id}" if config.sandbox.tenants == "team" else f"key:{key.id}"


def _check_grants(key: Key) -> None:
    for grant in Permit(key.grants()).grants:
        if grant.surfaces and SURFACE.name not in grant.surfaces:
            raise Trouble(
                Kind.FORBIDDEN,
                f"{grant.level} {grant.name!r} may not run code; it may use"
                f" {listed(grant.surfaces)}",
                code="execution_denied",
                remedy=f"add {SURFACE.name} to its surfaces",
            )
