"""[admin.oidc]: what cannot work is told at start-up, with its remedy, all at once."""

from __future__ import annotations

import pytest

from headgate.config import ConfigError, describe, load
from headgate.config import oidc as reading
from headgate.config.model import Granted, Oidc

GOOD = """
[admin.oidc]
issuer = "https://login.example.com/realms/one"
client_id = "headgate"
client_secret = "env:OIDC_SECRET"
redirect_url = "https://gate.example.com/admin/callback"
[admin.oidc.roles."groups=platform"]
role = "admin"
[admin.oidc.roles."domain=example.com"]
role = "member"
teams = ["search"]
scopes = ["keys:write"]
"""
ENV = {"OIDC_SECRET": "a-client-s-secret"}


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        load(text, ENV, source="test")
    return [
        (problem.path, f"{problem.what}; {problem.hint}") for problem in caught.value.problems
    ]


def test_an_issuer_and_its_roles_are_read_in_their_order() -> None:
    oidc = load(GOOD, ENV, source="test").oidc
    assert oidc == Oidc(
        "https://login.example.com/realms/one",
        "headgate",
        "a-client-s-secret",
        redirect_url="https://gate.example.com/admin/callback",
        roles=(
            Granted("groups", "platform", "admin"),
            Granted("domain", "example.com", "member", (), ("search",), ("keys:write",)),
        ),
    )
    assert load("", {}, source="test").oidc is None


def test_the_client_s_secret_is_shown_nowhere() -> None:
    config = load(GOOD, ENV, source="test")
    assert ENV["OIDC_SECRET"] not in repr(config)
    assert ENV["OIDC_SECRET"] not in str(describe(config))


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('issuer = "https', 'issuer = "http', "issuer", "must begin with https://"),
        ('issuer = "https://login.example.com/realms/one"', "", "", "needs issuer"),
        ('issuer = "https://login', 'issuer = "login', "issuer", "is no address"),
        ('"https://login.example.com/realms/one"', '"https://x/?a=b"', "issuer", "?"),
        ('client_id = "headgate"', "", "", "needs client_id"),
        ('"env:OIDC_SECRET"', '"a-secret"', "client_secret", "does not belong in this file"),
        ("/admin/callback", "/callback", "redirect_url", "/admin/callback at its end"),
        ('"headgate"', '"headgate"\nscopes = ["email"]', "scopes", "must hold openid"),
        ("groups=platform", "platform", "roles.platform", "CLAIM=VALUE"),
        ('"admin"', '"owner"', 'roles."groups=platform".role', "choose"),
        ('role = "admin"', "", 'roles."groups=platform"', "needs a role"),
        ('teams = ["search"]', "", 'roles."domain=example.com"', "bound to nothing"),
        ("keys:write", "keys:writ", 'roles."domain=example.com".scopes', "no scope"),
    ],
)
def test_what_cannot_work_is_told_with_its_place(
    old: str, new: str, path: str, words: str
) -> None:
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new, 1))
    assert any(
        at == f"admin.oidc.{path}".rstrip(".") and words in what for at, what in found
    ), found


def test_an_issuer_without_roles_lets_nobody_in_and_is_a_mistake() -> None:
    text = GOOD.partition("[admin.oidc.roles")[0]
    assert [path for path, _ in mistakes(text)] == ["admin.oidc.roles"]


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    ((path, words),) = mistakes(GOOD)
    assert path == "admin.oidc"
    assert "headgate[oidc]" in words
    load("", {}, source="test")  # nobody who does not ask for it needs them
