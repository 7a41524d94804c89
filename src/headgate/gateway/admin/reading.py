"""Turns what callers sent into what the store takes, and what it holds into what is shown.

Rule 1: caps that could not be kept are refused here, each with its remedy.
Rule 2: a secret is shown by its last four characters; the one just made is added elsewhere.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from headgate.gateway.admin import shape
from headgate.policy import cap
from headgate.policy.sound import nusd, unsound
from headgate.store import admintoken
from headgate.store.adminlog import Entry
from headgate.store.keys import DAY_US, Key, secrets_of
from headgate.store.sql import Connection
from headgate.store.tenant import Tenant
from headgate.store.traits import Changes, Mistake, Traits

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def changes(given: shape.Traits) -> Changes:
    """The traits that were sent; what was left out stays as it is."""

    def sent(name: str) -> Any:
        value = getattr(given, name, UNSET)
        return None if value is UNSET else tuple(value) if isinstance(value, list) else value

    metadata, caps, expires = sent("metadata"), sent("caps"), sent("expires")
    return Changes(
        sent("cost_centre"),
        sent("tags"),
        sent("models"),
        sent("surfaces"),
        None if metadata is None else json.dumps(metadata, ensure_ascii=False),
        None if caps is None else _caps(caps),
        None if expires is None else at_us(expires),
        sent("prompt_cache"),
    )


def _caps(given: shape.Caps) -> cap.Caps:
    budgets = []
    for number, each in enumerate(given.budgets):
        try:
            budgets.append(cap.Budget(nusd(each.usd), each.period, each.kind))
        except ValueError as error:
            raise Mistake(f"caps.budgets[{number}].usd: {error}", 'such as "25.00"') from None
    warn_at = cap.WARN_AT if given.warn_at is UNSET else tuple(given.warn_at)
    limits = cap.Limits(*msgspec.structs.astuple(given.limits))
    found = cap.Caps(limits, tuple(budgets), given.lower_output, warn_at)
    for wrong in unsound(found):
        raise Mistake(f"caps: {wrong.at} {wrong.what}", wrong.hint)
    return found


def at_us(moment: datetime) -> int:
    return (moment - EPOCH) // _US


def moment(us: int) -> datetime:
    return EPOCH + us * _US


def maybe(us: int | None) -> datetime | None:
    return None if us is None else moment(us)


def usd(nusd: int) -> str:
    """Dollars as decimal text, exact: at least cents."""
    value = Decimal(nusd).scaleb(-9).normalize()
    return f"{value:f}" if value.as_tuple().exponent < -2 else f"{value:.2f}"  # type: ignore[operator]  # finite


def limits(caps: cap.Caps) -> shape.Limits:
    return shape.Limits(*caps.limits)


def caps(found: cap.Caps) -> shape.Caps:
    return shape.Caps(
        limits(found),
        [shape.Budget(usd(each.nusd), each.period, each.kind) for each in found.budgets],
        found.lower_output,
        list(found.warn_at) if found.warn_at != cap.WARN_AT else UNSET,
    )


def has(traits: Traits) -> dict[str, Any]:
    return {
        "cost_centre": traits.cost_centre,
        "tags": list(traits.tags),
        "models": list(traits.models),
        "surfaces": list(traits.surfaces),
        "metadata": json.loads(traits.metadata),
        "caps": caps(traits.caps),
        "prompt_cache": traits.prompt_cache,
    }


def state(tenant: Tenant) -> str:
    level = tenant.archived()
    if not level:
        return "open"
    return "archived" if level == tenant.level else f"{level} archived"


def organisation(found: Tenant) -> shape.Organisation:
    return shape.Organisation(**_tenant(found))


def team(found: Tenant) -> shape.Team:
    assert found.organisation is not None, "a team has an organisation"
    return shape.Team(**_tenant(found), organisation=ref(found.organisation))


def _tenant(found: Tenant) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "state": state(found),
        "created": moment(found.created_us),
        "archived": maybe(found.archived_us),
        **has(found.traits),
    }


def ref(found: Tenant) -> shape.Ref:
    return shape.Ref(found.id, found.name)


def key(store: Connection, found: Key, now_us: int) -> dict[str, Any]:
    """A key's fields, without its secrets."""
    assert found.team.organisation is not None, "a team has an organisation"
    return {
        "id": found.id,
        "name": found.name,
        "team": ref(found.team),
        "organisation": ref(found.team.organisation),
        "state": found.refusal(now_us) or "living",
        "created": moment(found.created_us),
        "expires": maybe(found.expires_us),
        "secrets": [
            shape.KeySecret(
                each.last4,
                moment(each.created_us),
                maybe(each.ends_us),
                each.is_live(now_us),
                moment(each.used_day * DAY_US).date() if each.used_day else None,
            )
            for each in secrets_of(store, found.id)
        ],
        **has(found.traits),
    }


def token(found: admintoken.Token, now_us: int) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "role": found.role,
        "scopes": list(found.scopes),
        "last4": found.last4,
        "state": found.refusal(now_us) or "living",
        "created": moment(found.created_us),
        "expires": maybe(found.expires_us),
    }


def row(found: Entry) -> shape.LogRow:
    return shape.LogRow(
        found.seq,
        moment(found.at_us),
        found.actor,
        found.role,
        found.action,
        found.subject,
        json.loads(found.detail),
        found.hash.hex(),
    )
