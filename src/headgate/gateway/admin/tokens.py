"""What can be asked about administrators: their tokens, and who one is.

Rule 1: nobody can make a token that may more than he may, nor end one that does.
Rule 2: a secret is in the answer to the request that made it, and in no other.
"""

from __future__ import annotations

from headgate.gateway.admin import reading, shape
from headgate.gateway.admin.operation import Job, Operation, Refused
from headgate.gateway.admin.reach import house_wide, page
from headgate.policy.role import ORGANISATION, RIGHTS, TEAM, Warrant, warrant
from headgate.store import admintoken
from headgate.store.admintoken import Wish
from headgate.store.traits import Missing


def _list(job: Job) -> object:
    house_wide(job.who, "the list of tokens")
    found, following = page(admintoken.listing(job.store), job.query)
    shown = [shape.Token(**reading.token(each, job.now_us)) for each in found]
    return shape.Tokens(shown, following)


def _create(job: Job) -> object:
    house_wide(job.who, "a new token")
    body = job.body
    expires_us = reading.at_us(body.expires) if body.expires else None
    wish = Wish(body.name, body.role, tuple(body.scopes), expires_us)
    wish = admintoken.meaning(job.store, wish)
    _covered(job.who, warrant(wish.name, wish.role, wish.scopes))
    made, secret = admintoken.create(job.store, wish, now_us=job.now_us)
    return shape.TokenMade(secret=secret, **reading.token(made, job.now_us))


def _revoke(job: Job) -> object:
    house_wide(job.who, "the end of a token")
    words = job.names["id"]
    known = [token for token in admintoken.listing(job.store) if token.id == words]
    found = known[0] if known else admintoken.living(job.store, words)
    _covered(job.who, found.warrant())
    if found.revoked_us is None:
        try:
            found = admintoken.revoke(job.store, found.id, now_us=job.now_us)
        except Missing:  # somebody else was first
            found = next(t for t in admintoken.listing(job.store) if t.id == found.id)
    return shape.Token(**reading.token(found, job.now_us))


def _covered(who: Warrant, other: Warrant) -> None:
    if not who.covers(other):
        what = f"{other.name!r} may do more than {who.name!r}, who cannot give that or end it"
        raise Refused(403, what, "ask an admin whose token has no scopes")


def _whoami(job: Job) -> object:
    who = job.who
    bound = [f"{ORGANISATION}:{each}" for each in sorted(who.organisations)]
    bound += [f"{TEAM}:{each}" for each in sorted(who.teams)]
    rights = [right for right in RIGHTS if not who.refusal(right)]
    return shape.Me(who.name, who.role, sorted(who.rights), rights, bound, job.guest.csrf)


OPERATIONS = [
    Operation("GET", "/admin/whoami", "", "Who you are here, and what you may do", shape.Me,
              _whoami),
    Operation("GET", "/admin/tokens", "tokens:read", "Administrators' tokens, ended ones too",
              shape.Tokens, _list, query=shape.Page),
    Operation("POST", "/admin/tokens", "tokens:write", "A new token; its secret is shown this "
              "once", shape.TokenMade, _create, body=shape.NewToken, status=201,
              also=(404, 409)),
    Operation("POST", "/admin/tokens/{id}/revoke", "tokens:write", "End a token for good",
              shape.Token, _revoke, also=(404, 409)),
]  # fmt: skip
