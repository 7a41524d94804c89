"""What needs no translation is left alone: calls in the upstream's own dialect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from headgate.conformance.case import (
    PATHS,
    SURFACES,
    Case,
    Seat,
    Seen,
    Sending,
    asks,
    everywhere,
    headers_of,
)
from headgate.conformance.saying import Bit, Event, chunk, stream_of
from headgate.conformance.script import Script
from headgate.conformance.talk import Talk, said

TITLE = "What needs no translation is left alone"
ORDER = 6

SAME = tuple((surface, surface) for surface in SURFACES)
BETAS = b"context-management-2025-06-27,a-beta-of-next-year-2027-01-01"
SPOKEN = {
    "messages": '"messages" : [{"role":"user","content":"%s caf\\u00e9 \\/ \U0001f600"}],'
    '"max_tokens":100',
    "chat": '"messages" : [{"role":"user","content":"%s caf\\u00e9 \\/ \U0001f600"}]',
    "responses": '"input" : [{"role":"user","content":"%s caf\\u00e9 \\/ \U0001f600"}]',
}
ODD = (
    '{ "service_tier":"auto",\n  "temperature": 1.0, "model": "%s",'
    ' "a_field_of_next_year": {"z":1e2,"y":[1.50,-0.0],"x":null}, ' + "%s" + "}"
)
SEALED = (Bit("thought", ("hm",), seal="c2VhbCBvZiB0aGUgdmVuZG9y"), Bit("text", ("Done.",)))


def cases() -> Iterator[Case]:
    for surface in SURFACES:
        name = "fields that nobody knows yet arrive"
        yield Case(name, surface, surface, _odd(surface), judge_fields, Script())
    yield Case(
        "the body arrives byte for byte, but for the model's name",
        "messages",
        "messages",
        _odd("messages"),
        judge_bytes,
        Script(),
    )
    yield Case(
        "versions and betas arrive as they were sent",
        "messages",
        "messages",
        _with_betas,
        judge_betas,
        Script(),
    )
    talk = Talk((said("go"),))
    yield from everywhere(
        "events and fields that nobody knows yet reach the client",
        talk,
        Script(events=_with_news),
        judge_news,
        SAME,
    )
    yield from everywhere(
        "a thought keeps the seal that its vendor asks for later",
        talk,
        Script(SEALED),
        judge_sealed,
        (("messages", "messages"),),
    )
    yield from everywhere("the client's key stays here", talk, Script(), judge_key)
    for upstream in SURFACES:
        yield Case(
            "usage that nobody asked for is not sent",
            "chat",
            upstream,
            _without_usage,
            judge_unasked,
            Script(),
        )


def _odd(surface: str) -> Callable[[Seat], Sending]:
    def sending(seat: Seat) -> Sending:
        body = ODD % (seat.model, SPOKEN[surface] % seat.mark)
        headers = headers_of(surface, seat.key)
        return Sending(PATHS[surface], body.encode(), headers)

    return sending


def _with_betas(seat: Seat) -> Sending:
    it = asks("messages", Talk((said("go"),)))(seat)
    headers = [*it.headers, (b"anthropic-beta", BETAS)]
    return Sending(it.path, it.body, headers, it.method, it.stream)


def _without_usage(seat: Seat) -> Sending:
    it = asks("chat", Talk((said("go"),)))(seat)
    body = json.loads(it.body)
    del body["stream_options"]
    return Sending(it.path, json.dumps(body).encode(), it.headers, stream=True)


def _with_news(surface: str) -> list[Event]:
    """A whole answer with things of next year in it."""
    news = {"a_field_of_next_year": True}
    if surface == "chat":
        events = stream_of("openai_chat", [], "end")
        return [events[0], chunk({"content": "Hi.", **news}), *events[1:]]
    if surface == "messages":
        events = stream_of("anthropic", [Bit("text", ("Hi.",))], "end")
        return [*events[:3], {"type": "an_event_of_next_year", **news}, *events[3:]]
    events = stream_of("openai_responses", [Bit("text", ("Hi.",))], "end")
    number = {"sequence_number": 2}
    later = [
        {**event, "sequence_number": event["sequence_number"] + 1}
        for event in events[2:]
        if isinstance(event, dict)
    ]
    new = {"type": "response.an_event_of_next_year", **news, **number}
    return [*events[:2], new, *later]


def _served_here(seen: Seen) -> bool:
    if not seen.served():
        return False
    return seen.want(len(seen.heard) == 1, f"the upstream was asked {len(seen.heard)} times")


def judge_fields(seen: Seen) -> None:
    if _served_here(seen):
        sent, arrived = json.loads(seen.sending.body), json.loads(seen.heard[0].body)
        lost = [name for name in sent if name != "model" and arrived.get(name) != sent[name]]
        seen.want(not lost, f"lost or changed: {', '.join(lost)}")


def judge_bytes(seen: Seen) -> None:
    if _served_here(seen):
        arrived = seen.heard[0].body
        model = json.loads(arrived).get("model", "")
        ours = json.dumps(json.loads(seen.sending.body)["model"]).encode()
        wanted = seen.sending.body.replace(ours, json.dumps(model).encode())
        seen.want(arrived == wanted, "seals of thoughts hold for the bytes they were made for, "
                  f"and it was written anew: {arrived[:160]!r}")  # fmt: skip


def judge_betas(seen: Seen) -> None:
    if _served_here(seen):
        heard = seen.heard[0]
        betas = {each.strip() for each in heard.header(b"anthropic-beta").split(b",")}
        lost = [each.decode() for each in BETAS.split(b",") if each not in betas]
        seen.want(not lost, f"a part of the request is refused or off without {lost}")
        version = heard.header(b"anthropic-version")
        seen.want_equal("anthropic-version", version, b"2023-06-01")


def judge_news(seen: Seen) -> None:
    if _served_here(seen):
        seen.want(b"of_next_year" in seen.got.body, "what the gateway does not know is lost")
        seen.want_equal("the client reads", seen.verdict.text, "Hi.")


def judge_sealed(seen: Seen) -> None:
    if _served_here(seen):
        seals = [part.seal for part in seen.verdict.parts if part.kind == "thought"]
        seen.want_equal("seals", seals, [SEALED[0].seal])


def judge_key(seen: Seen) -> None:
    if seen.served():
        told = b" ".join(value for _, value in seen.heard[-1].headers)
        key = next(v for k, v in seen.sending.headers if k in (b"x-api-key", b"authorization"))
        seen.want(key.removeprefix(b"Bearer ") not in told, "the vendor gets the client's key")


def judge_unasked(seen: Seen) -> None:
    if seen.served():
        chunks = [
            line[6:] for line in seen.got.body.split(b"\n") if line.startswith(b"data: {")
        ]
        extra = [it for it in map(json.loads, chunks) if it.get("choices") == []]
        seen.want(not extra, "an extra chunk without choices: clients that take the first fail")
        seen.want_equal("the client reads", seen.verdict.text, "Hello from upstream.")
