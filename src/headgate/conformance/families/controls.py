"""Settings hold: what a request asks for is done, refused by name, or its loss is announced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from headgate.conformance.case import CROSSINGS, Case, Seen, everywhere
from headgate.conformance.objections import accepted
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script
from headgate.conformance.talk import Talk, Words, replied, said

TITLE = "Settings hold, or their loss is told"
ORDER = 4

SCHEMA = {
    "type": "object",
    "properties": {"count": {"type": "integer"}},
    "required": ["count"],
    "additionalProperties": False,
}
TALK = Talk((said("count the files"),))
LIMIT = 128_000
"""of output, for every model of the suite"""
LITTLE = 8_192
"""a limit that cuts ordinary answers short without anybody asking for it"""
OVERRUN = Script((Bit("text", ("one ", "END", " two")),))
MEANT = ("n", "logprobs", "previous_response_id")
"""without these, the answer is another"""
MAIL = "jane@example.com"
FROM_MESSAGES = tuple(pair for pair in CROSSINGS if pair[0] == "messages")
FROM_CHAT = tuple(pair for pair in CROSSINGS if pair[0] == "chat")
FROM_RESPONSES = tuple(pair for pair in CROSSINGS if pair[0] == "responses")
TO_MESSAGES = tuple(pair for pair in CROSSINGS if pair[1] == "messages")
BETWEEN_VENDORS = (*FROM_MESSAGES, *TO_MESSAGES)


def cases() -> Iterator[Case]:
    answer = Script((Bit("text", ('{"count":', "3}")),))
    yield from everywhere(
        "a JSON schema binds the model",
        replace(TALK, schema=SCHEMA),
        answer,
        judge_schema,
        CROSSINGS,
    )
    wanted = replace(TALK, turns=(said("count the files, and answer in JSON"),), json=True)
    yield from everywhere(
        "a demand for JSON binds the model", wanted, answer, judge_json,
        (*FROM_CHAT, *FROM_RESPONSES),
    )  # fmt: skip
    yield from everywhere(
        "the effort of thinking is carried",
        replace(TALK, effort="high", most=20_000),
        Script(),
        judge_effort,
        CROSSINGS,
    )
    yield from limit_cases()
    yield from refused_cases()
    mail = replace(TALK, user=MAIL)
    yield from everywhere(
        "a user's e-mail address stays from the other vendor",
        mail,
        Script(),
        judge_mail,
        BETWEEN_VENDORS,
    )
    warm = replace(TALK, extra={"temperature": 0.3})
    yield from everywhere(
        "a temperature that the model refuses is not sent", warm, Script(), judge_warm,
        TO_MESSAGES,
    )  # fmt: skip
    yield from alone_cases()
    for field, value, pairs in (
        ("top_k", 5, FROM_MESSAGES),
        ("seed", 7, (("chat", "messages"),)),
        ("logit_bias", {"50256": -100}, (("chat", "messages"),)),
    ):
        yield from everywhere(
            "a setting that is left out is told to the client",
            replace(TALK, extra={field: value}),
            Script(),
            loss_judge(field),
            pairs,
        )


def limit_cases() -> Iterator[Case]:
    stops = tuple(pair for pair in CROSSINGS if pair[0] != "responses")
    yield from everywhere(
        "the answer ends at a stop sequence",
        replace(TALK, stop=("END",)),
        OVERRUN,
        judge_stop,
        stops,
    )
    yield from everywhere(
        "the fifth stop sequence ends the answer too",
        replace(TALK, stop=("A1", "B2", "C3", "D4", "END")),
        OVERRUN,
        judge_stop,
        FROM_MESSAGES,
    )
    yield from everywhere(
        "a limit above the model's own is lowered to it",
        replace(TALK, most=400_000),
        Script(),
        judge_most,
        CROSSINGS,
    )
    yield from everywhere(
        "a request without a limit is not cut short",
        replace(TALK, most=None),
        Script(),
        judge_unlimited,
        TO_MESSAGES,
    )


def refused_cases() -> Iterator[Case]:
    """What would mean something else must be refused; a client can act on that."""
    for what, extra, pairs in (
        ("several choices are made, or refused", {"n": 2, "stream": False}, FROM_CHAT),
        (
            "log probabilities are given, or refused",
            {"logprobs": True, "top_logprobs": 2, "stream": False},
            (("chat", "messages"),),
        ),
        (
            "a stored conversation is gone on with, or refused",
            {"previous_response_id": "resp_68a1b2c3d4e5f60718293a4b5c6d7e8f9012345678901234"},
            FROM_RESPONSES,
        ),
    ):
        talk = replace(TALK, extra=extra, stream=extra.get("stream", True) is True)
        yield from everywhere(what, talk, Script(), judge_refused, pairs)
    begun = replace(TALK, turns=(*TALK.turns, replied(Words('{"count":'))))
    yield from everywhere(
        "a begun answer is continued, or refused", begun, Script(), judge_begun, FROM_MESSAGES
    )


def alone_cases() -> Iterator[Case]:
    tool: dict[str, Any] = {"type": "object", "properties": {}}
    named = {"name": "look", "description": "looks", "input_schema": tool}
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    yield from everywhere(
        "one tool call at a time stays one at a time",
        replace(TALK, extra={"tools": [named], "tool_choice": choice}),
        Script(),
        judge_alone,
        FROM_MESSAGES,
    )
    function = {"type": "function", "function": {"name": "look", "parameters": tool}}
    yield from everywhere(
        "one tool call at a time stays one at a time",
        replace(TALK, extra={"tools": [function], "parallel_tool_calls": False}),
        Script(),
        judge_alone,
        (("chat", "messages"),),
    )


def judge_schema(seen: Seen) -> None:
    if accepted(seen):
        seen.want(seen.talk.schema, "the model is not bound to any schema")
        if seen.talk.schema:
            seen.want_equal(
                "properties", seen.talk.schema.get("properties"), SCHEMA["properties"]
            )


def judge_json(seen: Seen) -> None:
    """A mode, a schema, or an instruction beside the client's own words."""
    if accepted(seen):
        told = " ".join([*seen.talk.system, seen.talk.words()]).lower()
        tools = [tool.name for tool in seen.talk.tools]
        bound = seen.talk.json or seen.talk.schema or tools or told.count("json") > 1
        seen.want(bound, "nothing keeps the model from prose or fences around the JSON")


def judge_effort(seen: Seen) -> None:
    if accepted(seen):
        effort = seen.talk.effort
        budget = effort.removeprefix("budget ")
        enough = budget.isdigit() and int(budget) >= 4096
        seen.want(effort == "high" or enough, f"high became {effort or 'nothing'}")


def judge_stop(seen: Seen) -> None:
    if seen.refused and b"stop" in seen.got.body:
        return
    if accepted(seen):
        seen.want_equal("the client reads", seen.verdict.text.strip(), "one")
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")
        most = 4 if seen.case.upstream == "chat" else 1_000
        seen.want(len(seen.talk.stop) <= most, "the vendor refuses more than 4 stop sequences")
        seen.want("stop" not in seen.talk.extra or seen.case.upstream != "responses",
                  "the vendor knows no stop here, and refuses it")  # fmt: skip


def judge_most(seen: Seen) -> None:
    if seen.refused and b"max" in seen.got.body:
        return
    if accepted(seen):
        most = seen.talk.most or 0
        seen.want(most <= LIMIT, f"the vendor refuses {most} tokens of output")


def judge_unlimited(seen: Seen) -> None:
    if accepted(seen):
        most = seen.talk.most or 0
        seen.want(most >= LITTLE, f"answers are cut after {most} tokens")


def judge_refused(seen: Seen) -> None:
    if not seen.want(seen.got.status, f"no answer: {seen.got.broke}") or seen.refused:
        return
    wanted = [each for each in MEANT if f'"{each}"'.encode() in seen.sending.body]
    carried = all(each in seen.talk.extra for each in wanted)
    if seen.want(carried, f"{wanted[0]} is left out, and nobody is told"):
        accepted(seen)


def judge_begun(seen: Seen) -> None:
    if not seen.want(seen.got.status, f"no answer: {seen.got.broke}"):
        return
    seen.want(
        seen.refused, "the model begins anew, and the client joins two halves that differ"
    )


def judge_mail(seen: Seen) -> None:
    if accepted(seen):
        heard = seen.heard[-1]
        told = heard.body + b" ".join(value for _, value in heard.headers)
        seen.want(MAIL.encode() not in told, "the other vendor gets the address")


def judge_warm(seen: Seen) -> None:
    if seen.refused and b"temperature" in seen.got.body:
        return
    if accepted(seen):
        sent = seen.talk.extra.get("temperature")
        seen.want(sent in (None, 1, 1.0), f"the vendor refuses temperature {sent}")


def judge_alone(seen: Seen) -> None:
    if accepted(seen):
        extra = seen.talk.extra
        choice = extra.get("tool_choice")
        alone = isinstance(choice, dict) and choice.get("disable_parallel_tool_use") is True
        seen.want(alone or extra.get("parallel_tool_calls") is False, "calls come in parallel")


def loss_judge(field: str) -> Callable[[Seen], None]:
    """Carried, refused by name, or announced in the reply's head."""

    def judge(seen: Seen) -> None:
        if seen.refused and field.encode() in seen.got.body:
            return
        if accepted(seen):
            told = " ".join(value.decode("latin-1") for _, value in seen.got.headers)
            carried = field in seen.talk.extra
            seen.want(carried or field in told, f"{field} is left out, and nobody is told")

    return judge
