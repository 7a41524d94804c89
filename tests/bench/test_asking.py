"""Questions reach a model through a real gateway, and answers say what the ledger says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import msgspec
import pytest

from headgate.bench.arm import Shot
from headgate.bench.ask import Answer, Question
from headgate.bench.asking import NO_TEMPERATURE, Asking, Gateway, body_of, tag
from headgate.bench.reckoning import Billed
from headgate.gateway import serve
from headgate.ledger.record import Entry
from headgate.sim.app import Options, Simulator
from headgate.sim.coder import Book, Known, Rates
from headgate.sim.scenario import read
from headgate.upstream import Door, Request, Url
from headgate.wire.model import Usage
from tests.bench.samples import arm
from tests.ledger.rows import entry

TASK = Known("t", "Write double(n).", "python", "def double(n): ...", ("def double(n): 0",))
BOOK = Book({"claude-*": Rates(right=1.0)}, [TASK])


async def no_row(call: str) -> Entry | None:
    return None


def price(provider: str, model: str, usage: Usage) -> int | None:
    return usage.output * 10 if model.startswith("claude") else None


def most(model: str, usage: Usage) -> int | None:
    return price("", model, usage)


async def billed(run: str, since_us: int) -> Mapping[str, Billed]:
    return {}


async def way_us(provider: str) -> int | None:
    return None


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """Straight to the simulator, which speaks as a gateway does."""
    sim = await serve.start(Simulator(Options(book=BOOK, require_key=False)), serve.Listen())
    door = Door()
    yield Asking(Gateway(door, Url.parse(sim.url), "", no_row, price, most, billed, way_us))
    await door.close()
    await sim.stop(at_once=True)


def question(**changes: Any) -> Question:
    facts = {"name": "one", "model": "claude-sonnet-5-5"} | changes
    made = msgspec.structs.replace(arm(), **facts)
    return Question(made, "t", TASK.prompt, 0, "run")


async def test_a_question_is_answered_timed_and_priced(asking: Asking) -> None:
    answer = await asking.ask(question())
    assert "def double" in answer.text
    assert answer.fault == ""
    assert 0 < answer.ttft_us <= answer.took_us
    assert answer.cost_nusd == answer.output_tokens * 10 > 0
    assert answer.is_priced
    assert answer.is_simulated


@pytest.mark.parametrize(
    ("header", "fault", "answered_from"),
    [
        (b"x-headgate-canned: true", "canned", ""),
        (b"x-headgate-cache: hit; age=9", "", "hit"),
        (b"x-headgate-cache: join", "", "join"),
        (b"x-headgate-target: house:m", "", ""),
    ],
)
async def test_what_a_gateway_elsewhere_answers_by_itself_is_no_answer_of_a_model(
    header: bytes, fault: str, answered_from: str
) -> None:
    said = b"".join(b"data: " + it + b"\n\n" for it in (BEGUN % b"a", END))
    answer = await answered(said, header)
    assert answer.fault.startswith(fault)
    assert bool(answer.fault) is bool(fault)
    assert answer.answered_from == answered_from
    assert not answer.is_simulated


async def test_a_model_without_a_price_is_not_free(asking: Asking) -> None:
    answer = await asking.ask(question(model="gpt-6.1-sol"))
    assert not answer.is_priced


async def answered_by(script: str, row: Callable[[str], Awaitable[Entry | None]]) -> Answer:
    """What comes of a question to a provider that always does so."""
    scenario = read(f'title = "x"\nabout = "x"\nalways = "{script}"\n')
    options = Options(scenario=scenario, require_key=False)
    sim = await serve.start(Simulator(options), serve.Listen())
    door = Door()
    gateway = Gateway(door, Url.parse(sim.url), "", row, price, most, billed, way_us)
    answer = await Asking(gateway).ask(question())
    await door.close()
    await sim.stop(at_once=True)
    return answer


@pytest.mark.parametrize(
    ("script", "fault", "is_final", "may_cost_more"),
    [
        ("529", "529", False, False),
        ("500", "500", False, False),
        ("504", "504", False, True),
        ("401", "401", True, False),
        ("429", "429", False, False),
        ("429;should-retry=false", "429", True, False),
        ("404", "404", True, False),
        ("error-after=1", "error", False, True),
        ("reset=head", "connection", False, True),
        ("events=5;cut=3", "truncated", False, True),
    ],
)
async def test_what_fails_is_a_fault_and_never_an_exception(
    script: str, fault: str, is_final: bool, may_cost_more: bool
) -> None:
    answer = await answered_by(script, no_row)
    assert fault in answer.fault
    assert answer.is_final is is_final
    assert answer.may_cost_more is may_cost_more
    assert answer.network_us is None


async def test_a_key_that_the_provider_refused_is_final_though_the_gateway_says_502() -> None:
    """No waiting makes it a good one: each sample would be asked three times."""

    async def refused(call: str) -> Entry:
        return entry(id=call, status=502, ending="error", fault="upstream_auth")

    answer = await answered_by("502", refused)
    assert answer.fault.startswith("502")
    assert answer.is_final


async def test_a_model_that_takes_no_temperature_is_asked_without_one() -> None:
    asked: list[float | None] = []

    class Picky(Asking):
        async def _ask(self, question: Question, *, tempered: bool) -> Answer:
            asked.append(question.arm.temperature if tempered else None)
            if tempered:
                return Answer(fault="400: temperature is not supported", is_final=True)
            return Answer(text="x", notes=(NO_TEMPERATURE,))

    picky = Picky(
        Gateway(
            Door(), Url.parse("http://127.0.0.1:9"), "", no_row, price, most, billed, way_us
        )
    )
    answers = [await picky.ask(question()) for _ in range(2)]
    assert asked == [0.2, None, None]
    assert [it.notes for it in answers] == [(NO_TEMPERATURE,)] * 2


async def test_a_model_that_refuses_a_temperature_on_the_wire_answers_without_one() -> None:
    simulator = Simulator(Options(book=BOOK, require_key=False))
    sim = await serve.start(simulator, serve.Listen())
    door = Door()
    asking = Asking(Gateway(door, Url.parse(sim.url), "", no_row, price, most, billed, way_us))
    simulator.next('400;message="temperature is not supported with this model"')
    first, second = [await asking.ask(question()) for _ in range(2)]
    await door.close()
    await sim.stop(at_once=True)
    bodies = [msgspec.json.decode(it.body) for it in simulator.calls]
    assert ["temperature" in it for it in bodies] == [True, False, False]
    assert [first.notes, second.notes] == [(NO_TEMPERATURE,)] * 2
    assert first.fault == second.fault == ""


def test_what_varies_comes_last_so_that_a_cache_can_hold_the_rest() -> None:
    shots = (Shot("show", "shown"),)
    one = question(system="A long guide.", shots=shots, after="Think.")
    body = msgspec.json.decode(body_of(one, 0.2))
    assert body["system"] == "A long guide."
    assert [it["content"] for it in body["messages"]] == [
        "show",
        "shown",
        "Write double(n).\n\nThink.",
    ]
    assert "temperature" not in msgspec.json.decode(body_of(one, None))


async def test_calls_are_marked_with_run_and_arm_whatever_an_arm_is_called() -> None:
    seen: list[bytes] = []

    class Listening(Asking):
        async def _hear(self, request: Request, heard: object) -> None:
            seen.extend(value for name, value in request.headers if name == b"x-headgate-tags")

    gateway = Gateway(
        Door(), Url.parse("http://127.0.0.1:9"), "", no_row, price, most, billed, way_us
    )
    await Listening(gateway).ask(question(name="sonnet, long guide"))
    assert seen == [f"{tag('run')},arm=sonnet  long guide".encode()]


BEGUN = rb'{"type": "content_block_delta", "delta": {"text": "%s"}}'
END = rb'{"type": "message_stop"}'


@pytest.mark.parametrize(
    ("events", "text", "fault"),
    [
        ([BEGUN % rb"a \ud83d b", END], "a ? b", ""),
        ([BEGUN % b"a", b"{", END], "a", "unreadable"),
        ([b"[1]", END], "", "unreadable"),
        ([rb'{"type": "content_block_delta"}', END], "", "unreadable"),
        ([rb'{"type": "content_block_delta", "delta": {"text": null}}', END], "", ""),
    ],
)
async def test_events_that_nobody_can_read_end_one_answer_and_never_the_run(
    events: list[bytes], text: str, fault: str
) -> None:
    answer = await answered(b"".join(b"event: x\ndata: " + it + b"\n\n" for it in events))
    assert answer.text == text
    assert fault in answer.fault
    assert bool(answer.fault) is answer.may_cost_more is bool(fault)


@pytest.mark.parametrize("said", [b"data: " + BEGUN % b"a" + b"\n\n", b"data: endless"])
async def test_an_answer_without_an_end_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr("headgate.bench.asking.STREAM_LIMIT", 10_000)
    answer = await answered(said * 2_000)
    assert answer.fault.startswith("endless")
    assert answer.may_cost_more


async def answered(said: bytes, header: bytes = b"x-a: b") -> Answer:
    """By a provider that streams this."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n"
        writer.write(head % len(said) + header + b"\r\n\r\n" + said)
        with contextlib.suppress(ConnectionError):  # it may have heard enough
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    url = Url.parse(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    door = Door()
    async with server:
        gateway = Gateway(door, url, "", no_row, price, most, billed, way_us)
        answer = await Asking(gateway).ask(question())
        await door.close()
    return answer
