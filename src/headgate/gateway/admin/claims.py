"""Which role a person has who signed in, by what the issuer says of them.

Rule 1: the first entry of [admin.oidc.roles] that fits decides; whom none fits has no role.
Rule 2: an e-mail address counts only if the issuer says that it has verified it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from headgate.config.model import Granted

EMAIL, DOMAIN = "email", "domain"


def wanted(roles: Iterable[Granted], claims: Mapping[str, Any]) -> dict[str, list[str]]:
    """Of what is claimed, only what some role asks for: little enough for a cookie."""
    found: dict[str, list[str]] = {}
    for role in roles:
        values = [each for each in values_of(role.claim, claims) if _fits(role, each)]
        known = found.setdefault(role.claim, [])
        known += [each for each in values if each not in known]
    return {claim: values for claim, values in found.items() if values}


def missing(roles: Iterable[Granted], claims: Mapping[str, Any]) -> bool:
    """Is any claim that decides about roles not told."""
    return any(not values_of(role.claim, claims) for role in roles)


def granted(roles: Iterable[Granted], found: Mapping[str, list[str]]) -> Granted | None:
    """The first entry that fits."""
    for role in roles:
        if any(_fits(role, value) for value in found.get(role.claim, ())):
            return role
    return None


def values_of(claim: str, claims: Mapping[str, Any]) -> list[str]:
    """What is claimed; a name with dots may lie within others: realm_access.roles."""
    if claim in (EMAIL, DOMAIN):
        address = verified_email(claims)
        if claim == DOMAIN:
            address = address.rpartition("@")[2]
        return [address] if address else []
    value: Any = claims.get(claim)
    if value is None and "." in claim:
        value = claims
        for name in claim.split("."):
            value = value.get(name) if isinstance(value, dict) else None
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str) and each]


def verified_email(claims: Mapping[str, Any]) -> str:
    """The address in lower case; empty: there is none, or nobody has verified it."""
    address = claims.get(EMAIL)
    if not isinstance(address, str) or claims.get("email_verified") is not True:
        return ""
    address = address.strip().lower()
    return address if address.count("@") == 1 and address.isprintable() else ""


def _fits(role: Granted, value: str) -> bool:
    pattern = role.value.lower() if role.claim in (EMAIL, DOMAIN) else role.value
    return fnmatchcase(value, pattern)
