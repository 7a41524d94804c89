"""Would a key open the gate for a call, and why not: as the gateway itself would judge it.

Rule 1: it asks the keys and permits the gateway asks; it never guesses in their place.
"""

from __future__ import annotations

import contextlib
import time

from headgate.cli import Trouble
from headgate.cli.where import explained
from headgate.policy.permit import Permit
from headgate.store.keys import Key, Keys, listing
from headgate.store.place import Place, connect_reader, there_is
from headgate.store.standing import standing
from headgate.store.tenant import meant

Verdict = dict[str, object]
_TOLD = (
    "team",
    "organisation",
    "cost_centre",
    "tags",
    "prompt_cache",
    "models",
    "surfaces",
    "narrowed_by",
)


def judge(
    ledger: Place, key: str | None, key_id: str | None, asked: tuple[str, str]
) -> Verdict:
    """Does the key open for (model, surface); without one: is a key asked for at all."""
    if not there_is(ledger):
        why = "no key was ever created, so none is asked for (loopback only)"
        return {"open": True, "why": why}
    with explained(), contextlib.closing(Keys(ledger)) as keys:
        if not keys.defined:
            return {"open": True, "why": "no key was ever created, so none is asked for"}
        if key is not None:
            found = keys.find(key)
            if found is None:
                return {"open": False, "why": f"401: the key is {keys.refusal(key)}"}
            return _verdict(found, asked)
    if key_id is None:
        why = "a key is asked for; --key or --key-id says whether it opens"
        return {"open": None, "why": why}
    return _verdict(_named(ledger, key_id), asked)


def holder(ledger: Place, key: str | None, key_id: str | None) -> Key | None:
    """The key that was named, whether it opens or not; None: none was, or none is known."""
    if not there_is(ledger) or (key is None and key_id is None):
        return None
    if key is None:
        return _named(ledger, key_id or "")
    with explained(), contextlib.closing(Keys(ledger)) as keys:
        return keys.find(key)


def _named(ledger: Place, key_id: str) -> Key:
    with explained(), contextlib.closing(connect_reader(ledger)) as reader:
        known = listing(reader)
    found = [each for each in known if key_id in (each.id, each.name)]
    if not found:
        names, more = [each.name for each in known], "`headgate keys list` shows all"
        hint = meant(key_id, names, more)
        raise Trouble(f"no key has the id or name '{key_id}'", hint)
    return next((each for each in found if each.revoked_us is None), found[-1])


def _verdict(key: Key, asked: tuple[str, str]) -> Verdict:
    now_us = time.time_ns() // 1000
    known = f"key {key.id} ({key.name})"
    reason = key.refusal(now_us)
    if reason:
        return {"open": False, "why": f"401: {known} is {reason}"}
    told = standing(key, now_us)
    may = {name: told[name] for name in _TOLD}
    refusal = Permit(key.grants()).refusal(*asked)
    why = f"403: {refusal}" if refusal else f"{known} of {key.team.label}"
    return {"open": not refusal, "why": why, "may": may}
