"""Which role a person has: by the first entry that fits what the issuer vouches for."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.config.model import Granted
from headgate.gateway.admin.claims import granted, missing, verified_email, wanted

OPS = Granted("groups", "ops", "admin")
BOOKS = Granted("groups", "books-*", "auditor")
ANA = Granted("email", "Ana@Example.com", "auditor")
HOUSE = Granted("domain", "example.com", "member", teams=("search",))
NESTED = Granted("realm_access.roles", "boss", "admin")
URL = Granted("https://example.com/roles", "boss", "admin")
VERIFIED = {"email": "ana@example.com", "email_verified": True}


@pytest.mark.parametrize(
    ("roles", "claims", "found"),
    [
        ([OPS], {"groups": ["x", "ops"]}, OPS),
        ([OPS], {"groups": "ops"}, OPS),
        ([OPS], {"groups": ["OPS", "ops2", "o*"]}, None),
        ([OPS], {"groups": {"ops": True}}, None),
        ([OPS], {"groups": [["ops"], 1, None]}, None),
        ([OPS], {}, None),
        ([BOOKS], {"groups": ["books-emea"]}, BOOKS),
        ([OPS, BOOKS], {"groups": ["books-a", "ops"]}, OPS),
        ([BOOKS, OPS], {"groups": ["books-a", "ops"]}, BOOKS),
        ([ANA], VERIFIED, ANA),
        ([ANA], {**VERIFIED, "email": "ANA@example.COM"}, ANA),
        ([ANA, HOUSE], {"email": "ana@example.com"}, None),
        ([ANA, HOUSE], {**VERIFIED, "email_verified": False}, None),
        ([ANA, HOUSE], {**VERIFIED, "email_verified": "true"}, None),
        ([HOUSE], VERIFIED, HOUSE),
        ([HOUSE], {**VERIFIED, "email": "ana@evil.com@example.com"}, None),
        ([HOUSE], {**VERIFIED, "email": "ana@sub.example.com"}, None),
        ([HOUSE], {"domain": "example.com"}, None),
        ([NESTED], {"realm_access": {"roles": ["boss"]}}, NESTED),
        ([NESTED], {"realm_access": ["boss"]}, None),
        ([URL], {"https://example.com/roles": ["boss"]}, URL),
    ],
)
def test_who_is_what(roles: list[Granted], claims: dict[str, Any], found: object) -> None:
    assert granted(roles, wanted(roles, claims)) == found


def test_only_what_decides_about_roles_is_kept() -> None:
    claims = {"groups": ["ops", "chess", "books-x"], "ssn": "1", **VERIFIED}
    assert wanted([OPS, BOOKS], claims) == {"groups": ["ops", "books-x"]}


def test_what_the_token_leaves_out_is_noticed() -> None:
    assert missing([OPS, HOUSE], {"groups": ["x"]})
    assert not missing([OPS, HOUSE], {"groups": ["x"], **VERIFIED})


@pytest.mark.parametrize("address", ["", "ana", "a@b@c", "a\n@b", 5, None, ["a@b"]])
def test_what_is_no_address_is_none(address: object) -> None:
    assert verified_email({"email": address, "email_verified": True}) == ""
