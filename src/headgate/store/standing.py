"""What a key is, may do and has spent, as its holder may read it: no secret, no metadata.

Rule 1: days and months are those of UTC, and what is spent is what the ledger has committed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from headgate.policy.permit import NOTHING, Permit
from headgate.store.keys import DAY_US, Key
from headgate.store.sql import Connection


def standing(key: Key, now_us: int) -> dict[str, Any]:
    """Who the key is and what it may ask for; None for models or surfaces: all there are."""
    permit = Permit(key.grants())
    organisation = key.team.organisation
    return {
        "id": key.id,
        "name": key.name,
        "team": key.team.name,
        "organisation": organisation.name if organisation is not None else "",
        "state": key.refusal(now_us) or "living",
        "cost_centre": key.cost_centre(),
        "tags": list(key.tags()),
        "prompt_cache": key.prompt_cache() or None,
        "created": moment(key.created_us),
        "expires": moment(key.expires_us),
        "secret": {"last4": key.last4, "ends": moment(key.ends_us)},
        "models": _named(permit.models()),
        "surfaces": _named(permit.surfaces()),
        "narrowed_by": [
            {
                "level": grant.level,
                "name": grant.name,
                "models": _named(grant.models),
                "surfaces": _named(grant.surfaces),
            }
            for grant in permit.grants
        ],
    }


def _named(names: tuple[str, ...]) -> list[str] | None:
    if names == NOTHING:
        return []
    return list(names) or None


def spend(connection: Connection, key_id: str, now_us: int) -> dict[str, Any]:
    """Calls and cost of the key today and this month."""
    today = now_us // DAY_US
    first = today - datetime.fromtimestamp(now_us / 1_000_000, UTC).day + 1
    rows = connection.execute(
        "SELECT day, calls, cost_nusd FROM spend WHERE account = ? AND day BETWEEN ? AND ?",
        (f"key:{key_id}", first, today),
    ).fetchall()  # one for each day and process
    return {
        name: {
            "since": moment(since * DAY_US),
            "calls": sum(calls for day, calls, _ in rows if day >= since),
            "cost_nusd": sum(nusd for day, _, nusd in rows if day >= since),
        }
        for name, since in (("today", today), ("month", first))
    }


def moment(at_us: int | None) -> str | None:
    """As people and programs read it: 2026-11-21 14:00:00+00:00."""
    if at_us is None:
        return None
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat(" ")
