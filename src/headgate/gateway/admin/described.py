"""Writes the OpenAPI description from the table of operations.

Rule 1: every status that an operation can answer with is there, with the shape of its body.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from headgate.gateway.admin import shape
from headgate.gateway.admin.operation import Operation
from headgate.policy.role import RIGHTS

WORDS = {
    400: "the request says something that cannot be",
    401: "who asks is not known here",
    403: "the role or a scope is missing",
    404: "what is named is not there, or out of reach",
    409: "what is there stands in the way",
    413: "the body is too large",
    502: "the sign-in provider cannot be asked",
    503: "the store cannot be used",
}
_REFS = "#/components/schemas/{name}"


def describe_all(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole description."""
    known = list(operations)
    types = [each.reply for each in known] + [each.body for each in known if each.body]
    schemas, components = msgspec.json.schema_components(
        [*types, shape.Problem, shape.SignedOut], ref_template=_REFS
    )
    replies, bodies = iter(schemas), iter(schemas[len(known) :])
    paths: dict[str, dict[str, Any]] = {}
    for each in known:
        entry = _operation(each, next(replies), next(bodies) if each.body else None)
        paths.setdefault(each.path, {})[each.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headgate admin API", "version": "1"},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "headgate_session"},
            },
            "schemas": components,
        },
        "security": [{"token": []}, {"session": []}, {}],
        "paths": paths | _sign_in(),
    }


def _sign_in() -> dict[str, Any]:
    """The pages of a sign-in, which take no right: nobody is known before it."""
    problem = {"$ref": _REFS.format(name="Problem")}
    gone = {"description": "on to the provider, or back to where it was begun"}

    def page(name: str, summary: str, done: dict[str, Any]) -> dict[str, Any]:
        refused = {
            str(code): _answer(WORDS[code], problem) for code in (400, 401, 403, 404, 502)
        }
        return {
            "operationId": name,
            "summary": summary,
            "security": [{}],
            "responses": done | refused,
        }

    back = {"name": "next", "in": "query", "required": False, "schema": {"type": "string"}}
    login = page("login", "Sign in with a browser at the configured provider", {"303": gone})
    callback = page("callback", "Where the provider sends the browser back to", {"303": gone})
    signed_out = _answer("done", {"$ref": _REFS.format(name="SignedOut")})
    logout = page("logout", "End the session of this browser", {"200": signed_out})
    return {
        "/admin/login": {"get": login | {"parameters": [back]}},
        "/admin/callback": {"get": callback},
        "/admin/logout": {"post": logout},
    }


def _operation(
    each: Operation, reply: dict[str, Any], body: dict[str, Any] | None
) -> dict[str, Any]:
    statuses = {401, 403, 503, *each.also}
    if each.query or each.body or "{" in each.path:
        statuses.add(400)
    if each.body:
        statuses.add(413)
    problem = {"$ref": _REFS.format(name="Problem")}
    made = "made" if each.status == 201 else "done"
    responses = {str(each.status): _answer(made, reply)}
    responses |= {str(code): _answer(WORDS[code], problem) for code in sorted(statuses)}
    found: dict[str, Any] = {
        "operationId": operation_id(each),
        "summary": each.summary,
        "description": _who_may(each),
        "responses": responses,
    }
    parameters = [*_in_path(each), *_in_query(each)]
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        required = not _may_be_empty(each)
        content = {"application/json": {"schema": body}}
        found["requestBody"] = {"required": required, "content": content}
    return found


def operation_id(each: Operation) -> str:
    """A name for those who make clients of this."""
    words = [word for word in each.path.split("/")[2:] if not word.startswith("{")]
    return "_".join(
        [each.method.lower(), *words, *(["one"] if each.path.endswith("}") else [])]
    )


def _who_may(each: Operation) -> str:
    if not each.right:
        return "Whoever was let in may ask this."
    return f"Takes the right `{each.right}`: {RIGHTS[each.right]}."


def _may_be_empty(each: Operation) -> bool:
    try:
        msgspec.convert(None, each.body)
    except msgspec.ValidationError:
        return False
    return True


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _in_path(each: Operation) -> list[dict[str, Any]]:
    if "{id}" not in each.path:
        return []
    about = {"description": "an id, or a name without a /", "schema": {"type": "string"}}
    return [{"name": "id", "in": "path", "required": True, **about}]


def _in_query(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = msgspec.json.schema(each.query)
    fields = next(iter(schema["$defs"].values()))["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": field}
        for name, field in fields.items()
    ]
