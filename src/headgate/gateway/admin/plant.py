"""What can be asked of the running gateway: its configuration, its targets, a reload.

Rule 1: a reload that is refused changes nothing; one that is done is told to the log.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from headgate.config import ConfigError, describe
from headgate.gateway.admin import shape
from headgate.gateway.admin.operation import Guest, Operation, Refused
from headgate.gateway.admin.reach import house_wide
from headgate.gateway.house import House
from headgate.store.adminlog import Actor, Deed, acting, tell
from headgate.store.place import Place, connect
from headgate.store.sql import ERRORS, StoreError


async def _config(house: House, guest: Guest) -> object:
    house_wide(guest.warrant, "this")
    described = describe(house.engine.config)
    if house.following is not None:
        described["shared"] = house.following.shown_in_full()
    return described


async def _targets(house: House, guest: Guest) -> object:
    house_wide(guest.warrant, "this")
    # each worker learns for itself: what the others know is as old as a second
    shown = house.peers.everybody(house)
    return [target for worker in shown for target in worker.targets]


async def _reload(house: House, guest: Guest) -> object:
    house_wide(guest.warrant, "this")
    try:
        notes = house.reload()
    except ConfigError as error:
        raise Refused(400, str(error), "nothing was changed: the old one stays") from error
    who = Actor(guest.warrant.name, guest.warrant.role)
    source = house.engine.config.source
    why = await asyncio.to_thread(log_reload, house.keys.place, who, source)
    if why:
        house.ground.settlement.journal.say("reload_not_logged", why=why)
    return shape.Reloaded(True, notes)


def log_reload(place: Place, actor: Actor, source: str) -> str:
    """Tell the log of a reload; why it could not be told, which undoes none."""
    deed = Deed("config.reload", "config", {"source": source or "no file"})
    try:
        with contextlib.closing(connect(place)) as connection, acting(actor):
            tell(connection, deed)
    except (StoreError, *ERRORS) as error:
        return str(error)
    return ""


OPERATIONS = [
    Operation("GET", "/admin/config", "config:read", "The configuration in force; secrets are "
              "***", dict[str, Any], live=_config),
    Operation("GET", "/admin/targets", "config:read", "Targets that failed lately, and "
              "accounts that are passed over", list[dict[str, Any]], live=_targets),
    Operation("POST", "/admin/reload", "config:write", "Read the configuration again; on any "
              "mistake nothing changes", shape.Reloaded, live=_reload, also=(400,)),
]  # fmt: skip
