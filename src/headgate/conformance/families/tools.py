"""Tools work: calls reach the client whole, results reach the model, by the right names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from headgate.conformance.case import CROSSINGS, PAIRS, Case, Seen, everywhere
from headgate.conformance.objections import accepted
from headgate.conformance.reading import broken_rules, ended
from headgate.conformance.saying import Bit, Event, chunk, stream_of
from headgate.conformance.script import Script
from headgate.conformance.talk import (
    Picture,
    Result,
    Talk,
    Tool,
    Turn,
    Use,
    Words,
    replied,
    said,
)

TITLE = "Tools work"
ORDER = 2

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
TOOLS = (Tool("get_weather", CITY), Tool("get_time", NOTHING))
ASKED = Talk((said("what is the weather in Oslo?"),), tools=TOOLS)
OSLO = Bit("tool", ('{"ci', 'ty":"Os', 'lo"}'), "call_1", "get_weather")
ROME = Bit("tool", ('{"city"', ':"Rome"}'), "call_2", "get_weather")
LOOK = Bit("text", ("Let me ", "look."))
NOW = Bit("tool", (), "call_1", "get_time")
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = "mcp__a_server_with_a_long_name__a_tool_whose_name_has_more_characters_than_openai_takes"
ODD = "fs.read/file"
FOREIGN = "functions.get_weather:0"
FROM_MESSAGES = tuple(pair for pair in CROSSINGS if pair[0] == "messages")
FROM_OPENAI = tuple(pair for pair in CROSSINGS if pair[0] != "messages")
TO_MESSAGES = tuple(pair for pair in CROSSINGS if pair[1] == "messages")


def cases() -> Iterator[Case]:
    call = Script((LOOK, OSLO), "tools")
    yield from everywhere("a streamed tool call is whole", ASKED, call, judge_call)
    whole = replace(ASKED, stream=False)
    yield from everywhere("a tool call in a whole answer is whole", whole, call, judge_call)
    yield from everywhere(
        "a stream of words and tool calls keeps its grammar",
        ASKED,
        Script((LOOK, OSLO, ROME), "tools"),
        judge_grammar,
    )
    yield from everywhere(
        "parallel calls stay apart, however their pieces come",
        ASKED,
        Script((OSLO, ROME), "tools", events=interleaved),
        judge_parallel,
    )
    yield from everywhere(
        "a call without arguments has an empty object",
        ASKED,
        Script((NOW,), "tools"),
        judge_now,
    )
    yield from history_cases()
    yield from name_cases()
    forced = replace(ASKED, choice="get_weather")
    yield from everywhere("a demanded tool is demanded", forced, call, judge_forced, CROSSINGS)
    yield from free_text_cases()


def history_cases() -> Iterator[Case]:
    ok = Script()
    yield from everywhere(
        "results come right after their calls, before words", PAST, ok, judge_past, CROSSINGS
    )
    odd = replace(PAST, turns=_renamed(PAST.turns))
    yield from everywhere(
        "call ids that another vendor made are accepted", odd, ok, judge_past, TO_MESSAGES
    )
    interrupted = replace(PAST, turns=(*PAST.turns[:2], said("never mind")))
    yield from everywhere(
        "a conversation whose call was interrupted goes on", interrupted, ok, judge_sound,
        CROSSINGS,
    )  # fmt: skip
    toolless = replace(PAST, tools=())
    yield from everywhere(
        "a conversation with calls and without tools goes on", toolless, ok, judge_sound,
        TO_MESSAGES,
    )  # fmt: skip
    shot = Result("call_1", (Words("the screen"), Picture(PIXEL)))
    seen = (said("look"), replied(Use("call_1", "get_time", {})), Turn("user", (shot,)))
    yield from everywhere(
        "an image in a tool's result is seen",
        replace(ASKED, turns=seen),
        ok,
        judge_shot,
        tuple(pair for pair in CROSSINGS if pair[0] != "chat"),
    )
    broken = Result("call_1", (Words("no such city"),), failed=True)
    failed = (said("go"), replied(Use("call_1", "get_time", {})), Turn("user", (broken,)))
    yield from everywhere(
        "the model is told that a tool failed",
        replace(ASKED, turns=failed),
        ok,
        judge_failed,
        FROM_MESSAGES,
    )


def name_cases() -> Iterator[Case]:
    for name, pairs in ((LONG, FROM_MESSAGES), (ODD, TO_MESSAGES)):
        yield from everywhere(
            "a name that the vendor refuses is translated there and back",
            replace(ASKED, tools=(Tool(name, CITY),)),
            Script(said_by=_call_the_first, stop="tools"),
            judge_name,
            pairs,
        )


def free_text_cases() -> Iterator[Case]:
    free = replace(ASKED, tools=(Tool("exec"),))
    yield from everywhere(
        "a free-text tool gets its text",
        free,
        Script(said_by=_run, stop="tools"),
        judge_free,
        tuple(pair for pair in PAIRS if pair[0] != "messages"),
    )
    grouped = replace(ASKED, tools=(Tool("wait", CITY, "clock"), Tool("wait", CITY, "agents")))
    yield from everywhere(
        "tools of one name in two groups are told apart",
        grouped,
        Script(said_by=_call_the_second, stop="tools"),
        judge_group,
        tuple(pair for pair in CROSSINGS if pair[0] == "responses"),
    )


PAST = replace(
    ASKED,
    turns=(
        said("the weather, please"),
        replied(
            Words("Let me look."),
            Use("call_1", "get_weather", {"city": "Oslo"}),
            Use("call_2", "get_time", {}),
        ),
        Turn(
            "user",
            (
                Result("call_1", (Words("rain"),)),
                Result("call_2", (Words("noon"),)),
                Words("and tomorrow?"),
            ),
        ),
    ),
)


def _renamed(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    return tuple(
        Turn(
            turn.role,
            tuple(
                replace(part, id=FOREIGN)
                if isinstance(part, Use | Result) and part.id == "call_1"
                else part
                for part in turn.parts
            ),
        )
        for turn in turns
    )


def _call_the_first(talk: Talk) -> tuple[Bit, ...]:
    return tuple(Bit("tool", ('{"city":"Oslo"}',), "call_1", t.name) for t in talk.tools[:1])


def _call_the_second(talk: Talk) -> tuple[Bit, ...]:
    return tuple(Bit("tool", ('{"city":"Oslo"}',), "call_1", t.name) for t in talk.tools[1:2])


def _run(talk: Talk) -> tuple[Bit, ...]:
    """A model calls the tool in the way it was offered: by text, or by an object around it."""
    for tool in talk.tools:
        if tool.schema is None:
            return (Bit("custom", ("ls ", "-la"), "call_1", tool.name),)
        name = next(iter(tool.schema.get("properties", {})), "input")
        return (Bit("tool", (f'{{"{name}":', '"ls -la"}'), "call_1", tool.name),)
    return ()


def interleaved(surface: str) -> list[Event]:
    """Two calls; where the dialect allows it, piece by piece in turn."""
    if surface != "chat":
        dialect = {"messages": "anthropic", "responses": "openai_responses"}[surface]
        return stream_of(dialect, [OSLO, ROME], "tools")
    out: list[Event] = [chunk({"role": "assistant", "content": None})]
    for index, bit in enumerate((OSLO, ROME)):
        start = {"index": index, "id": bit.id, "type": "function"}
        function = {"name": bit.name, "arguments": ""}
        out.append(chunk({"tool_calls": [{**start, "function": function}]}))
    for at in range(3):
        for index, bit in enumerate((OSLO, ROME)):
            for piece in bit.pieces[at : at + 1]:
                more = {"index": index, "function": {"arguments": piece}}
                out.append(chunk({"tool_calls": [more]}))
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    out += [chunk({}, "tool_calls"), {**chunk({}), "choices": [], "usage": usage}, "[DONE]"]
    return out


def called(seen: Seen) -> list[tuple[str, Any]]:
    return [(name, arguments) for _, name, arguments in seen.verdict.calls]


def judge_call(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, LOOK.whole)
        seen.want_equal("the calls", called(seen), [("get_weather", {"city": "Oslo"})])
        seen.want(all(id for id, _, _ in seen.verdict.calls), "a call without an id")
        seen.want(ended(seen.verdict, "tools"), f"it stops as {seen.verdict.stop!r}")
        names = [(tool.name, tool.schema) for tool in seen.talk.tools]
        offered = [(tool.name, tool.schema) for tool in TOOLS]
        seen.want([n for n, _ in names] == [n for n, _ in offered], f"offered tools: {names}")
        needs = [(schema or {}).get("required", []) for _, schema in names]
        seen.want(needs[:1] == [["city"]], f"the tools' schemas: {names}")


def judge_grammar(seen: Seen) -> None:
    if seen.served():
        seen.complaints += broken_rules(seen.verdict)


def judge_parallel(seen: Seen) -> None:
    if seen.served():
        wanted = [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})]
        seen.want_equal("the calls", called(seen), wanted)
        ids = [id for id, _, _ in seen.verdict.calls]
        seen.want(len(set(ids)) == len(ids), f"calls of one id: {ids}")
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")


def judge_now(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the calls", called(seen), [("get_time", {})])
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")


def judge_sound(seen: Seen) -> None:
    """The vendor accepts what it is asked."""
    accepted(seen)


def judge_past(seen: Seen) -> None:
    if accepted(seen):
        results = {part.text for part in seen.talk.parts(Result)}
        seen.want_equal("results", results, {"rain", "noon"})
        uses = [(part.name, part.arguments) for part in seen.talk.parts(Use)]
        wanted = [("get_weather", {"city": "Oslo"}), ("get_time", {})]
        seen.want_equal("the calls before", uses, wanted)
        last = seen.talk.flat()[-1][1]
        seen.want(isinstance(last, Words) and "tomorrow" in last.text, f"the last word: {last}")


def judge_shot(seen: Seen) -> None:
    if accepted(seen):
        pictures = seen.talk.parts(Picture)
        for result in seen.talk.parts(Result):
            pictures += [part for part in result.parts if isinstance(part, Picture)]
        seen.want(any(p.data == PIXEL for p in pictures), "the model sees no image")


def judge_failed(seen: Seen) -> None:
    if accepted(seen):
        told = " ".join(result.text for result in seen.talk.parts(Result))
        seen.want("no such city" in told, f"the result: {told!r}")
        seen.want("error" in told.lower() or "fail" in told.lower(), "it is told as a success")


def judge_name(seen: Seen) -> None:
    if accepted(seen):
        wanted = LONG if seen.case.caller == "messages" else ODD
        seen.want_equal("the client's tool", called(seen), [(wanted, {"city": "Oslo"})])


def judge_forced(seen: Seen) -> None:
    if accepted(seen):
        seen.want_equal("the tool demanded", seen.talk.choice, "get_weather")


def judge_free(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client's call", called(seen), [("exec", "ls -la")])


def judge_group(seen: Seen) -> None:
    if accepted(seen):
        names = [tool.name for tool in seen.talk.tools]
        seen.want(len(set(names)) == 2, f"tools offered under one name: {names}")
        seen.want_equal("the client's tool", [name for name, _ in called(seen)], ["wait"])
        seen.want(b'"namespace":"agents"' in seen.got.body.replace(b'": "', b'":"'),
                  "the client cannot tell which of its two tools is called")  # fmt: skip
