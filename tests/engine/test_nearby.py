"""Nearly the same questions: measured in the shadow, served only after a report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headgate.config.model import CacheConfig, Config
from headgate.engine import nearby as near
from headgate.engine.nearby import Asking, Nearby, Served, header
from headgate.engine.notice import Notices
from headgate.engine.tally import Sink
from headgate.policy.replycache import Asked, asked
from headgate.policy.trust import Report
from headgate.sim.vector import vector
from headgate.store import near as table
from headgate.store.near import Look
from headgate.store.replies import Kept, ReplyStore
from headgate.store.replies.memory import Memory
from headgate.store.sql import Connection
from headgate.store.sqlite import connect
from headgate.wire.call import Call
from tests.engine.players import call_of

SECRET = b"s" * 32
MODEL = "openai:text-embedding-3-small"
START_US = 1_763_740_800_000_000


@dataclass
class House:
    """As much of an Engine as is asked: it answers embeddings, if it is well."""

    config: Config
    calls: list[Call] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    status: int = 200
    slow_s: float = 0.0

    async def serve(self, call: Call, sink: Sink) -> None:
        self.calls.append(call)
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        text = json.loads(call.envelope.body)["input"]
        points = {"data": [{"index": 0, "embedding": list(vector(text, 256))}]}
        body = self.answers.pop(0) if self.answers else json.dumps(points).encode()
        await sink.whole(self.status, [], body)


@dataclass
class Scene:
    """A Nearby with everything around it."""

    ledger: Path
    cache: CacheConfig
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    now_us: int = START_US

    def __post_init__(self) -> None:
        self.house = House(Config(cache=self.cache))
        self.notices = Notices(None, partial(connect, self.ledger))
        self.nearby = Nearby(
            self.notices,
            lambda event, **facts: self.said.append((event, facts)),
            SECRET,
            self.tick,
        )
        self.nearby._engine = lambda: self.house
        self.replies = ReplyStore(Memory(1 << 20, 10**15), None, 1 << 20)
        self.count = 0

    def tick(self) -> int:
        self.now_us += 1
        return self.now_us

    def switch(self, **changes: Any) -> None:
        values = {name: getattr(self.cache, name) for name in self.cache.__dataclass_fields__}
        self.cache = CacheConfig(**(values | changes))
        self.house.config = Config(cache=self.cache)

    def asking(self, text: str, **body: Any) -> Asking:
        self.count += 1
        turns = [{"role": "user", "content": text}]
        call = call_of({"messages": turns, "temperature": 0, "max_tokens": 9, **body})
        call.id = f"call-{self.count}"
        name = asked("messages", call.envelope, "k", SECRET)
        assert name is not None
        return Asking(call, name, "k")

    async def answered(self, text: str, answer: str, **body: Any) -> None:
        """A call that an upstream answered."""
        asking = self.asking(text, **body)
        kept = reply(answer, asking.call.id, self.now_us)
        self.replies.put(asking.asked, kept)
        self.nearby.learn(asking, "claude-*", kept)
        await self.nearby.work()

    async def find(self, text: str, **body: Any) -> Served | None:
        return await self.nearby.find(self.asking(text, **body), self.replies)

    async def rows(self) -> list[Look]:
        def read(store: Connection) -> list[Look]:
            names = ", ".join(Look._fields)
            found = store.execute(f"SELECT {names} FROM near ORDER BY at_us")  # noqa: S608 - names of ours
            return [Look(*row) for row in found.fetchall()]

        return await self.notices.ask(read) or []

    async def reported(self, verified: int = 200, agreed: int = 200) -> None:
        """A report is written, as by the command."""
        low = 981 if agreed == verified else 500
        report = Report(self.now_us, 0, 900, 300, verified, agreed, 1000, low, 850, MODEL)
        await self.notices.ask(partial(table.file, report=report))
        await self.nearby.refresh(at_once=True)


def reply(text: str, call_id: str, at_us: int) -> Kept:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 9},
    }
    return Kept(200, False, [], json.dumps(body).encode(), at_us, 500, call_id, 9)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    cache = CacheConfig(near="shadow", near_model=MODEL, near_likeness=0.85)
    made = Scene(tmp_path / "headgate.db", cache)
    made.notices.write()
    yield made
    made.notices.close()


ASK = "What is the capital of France?"
AGAIN = "Please, what is the capital of France?"
OTHER = "What is the capital of Spain?"


async def test_what_is_near_and_the_same_is_noted_with_its_worth(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    await scene.answered(AGAIN, "paris ")
    first, second = await scene.rows()
    assert (first.call_id, first.other_id, first.verdict) == ("call-1", "", "")
    assert (second.call_id, second.other_id) == ("call-2", "call-1")
    assert (second.verdict, second.agreed, second.worth_nusd) == ("same", 1, 500)
    assert 850 <= second.likeness < 1000
    assert (second.route, second.model) == ("claude-*", MODEL)


async def test_what_only_looks_the_same_is_noted_with_its_cause(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    scene.switch(near_likeness=0.6)
    await scene.answered(OTHER, "Madrid")
    look = (await scene.rows())[-1]
    assert (look.other_id, look.verdict, look.agreed) == ("call-1", "name", 0)


async def test_the_same_question_with_another_answer_is_a_disagreement(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    await scene.answered(AGAIN, "It is Lyon")
    assert ((await scene.rows())[-1].verdict, (await scene.rows())[-1].agreed) == ("same", 0)


async def test_long_questions_and_answers_are_compared_as_well(scene: Scene) -> None:
    long = " ".join(f"word{chr(97 + n % 26)} and more" for n in range(60))
    await scene.answered(f"Sum up: {long}", f"It is {long}")
    await scene.answered(f"Please sum up: {long}", f"It is {long}!")
    assert ((await scene.rows())[-1].verdict, (await scene.rows())[-1].agreed) == ("same", 1)


async def test_in_the_shadow_no_call_is_answered(scene: Scene) -> None:
    await scene.reported()
    await scene.answered(ASK, "Paris")
    assert await scene.find(AGAIN) is None
    assert not scene.nearby.serves


async def test_other_words_around_the_question_make_another_context(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    await scene.answered(AGAIN, "Paris", system="Answer in verse")
    assert (await scene.rows())[-1].other_id == ""


async def test_nothing_is_served_before_a_report(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.answered(ASK, "Paris")
    assert await scene.find(AGAIN) is None
    await scene.nearby.refresh(at_once=True)
    assert scene.said[-1][0] == "near_stays_shadow"
    assert "headgate cache near report" in scene.said[-1][1]["why"]


async def test_after_a_good_report_the_kept_answer_is_given(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.answered(ASK, "Paris")
    await scene.reported()
    assert scene.said[-1][0] == "near_serves"
    served = await scene.find(AGAIN)
    assert served is not None
    assert served.kept.call_id == "call-1"
    assert 0.85 <= served.likeness < 1
    assert await scene.find(OTHER) is None


async def test_a_poor_report_keeps_the_mode_in_the_shadow(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.reported(200, 150)
    assert not scene.nearby.serves
    assert "precision" in scene.said[-1][1]["why"]


async def test_a_report_of_another_model_opens_nothing(scene: Scene) -> None:
    scene.switch(near="serve", near_model="openai:other")
    await scene.reported()
    assert "speaks for" in scene.nearby.refusal


async def test_one_of_ten_goes_on_being_measured(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.answered(ASK, "Paris")
    await scene.reported()
    served = [await scene.find(AGAIN) for _ in range(20)]
    assert [it is None for it in served].count(True) == 2


async def test_an_answer_that_is_kept_no_more_is_not_given(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.answered(ASK, "Paris")
    await scene.reported()
    scene.replies.clear()
    assert await scene.find(AGAIN) is None


async def test_a_question_is_turned_into_numbers_once(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.answered(ASK, "Paris")
    await scene.reported()
    await scene.find(AGAIN)
    await scene.answered(AGAIN, "Paris")
    await scene.answered(AGAIN, "Paris", system="Be brief")
    assert len(scene.house.calls) == 2


async def test_numbers_are_asked_for_by_a_call_of_the_house(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    (call,) = scene.house.calls
    assert call.surface.name == "embeddings"
    assert json.loads(call.envelope.body) == {"model": MODEL, "input": ASK}
    assert (call.holder.key_id, call.holder.tags) == ("", "headgate:near")
    assert call.holder.accounts == ()
    assert call.told[b"cache-control"] == b"no-store"


async def test_a_model_that_fails_is_told_once_and_left_alone_for_a_while(
    scene: Scene,
) -> None:
    scene.house.status = 500
    await scene.answered(ASK, "Paris")
    await scene.answered(AGAIN, "Paris")
    assert [event for event, _ in scene.said] == ["near_trouble"]
    assert "500" in scene.said[0][1]["why"]
    assert len(scene.house.calls) == 1
    scene.house.status = 200
    scene.now_us += int(near.REST_S * 1e6)
    await scene.answered(ASK, "Paris")
    assert scene.said[-1][0] == "near_works_again"


@pytest.mark.parametrize(
    "body", [b"{}", b"nonsense", b'{"data":[]}', b'{"data":[{"embedding":[0,0]}]}']
)
async def test_numbers_that_are_none_are_trouble(scene: Scene, body: bytes) -> None:
    scene.house.answers.append(body)
    await scene.answered(ASK, "Paris")
    assert "no numbers" in scene.said[0][1]["why"]
    assert (await scene.rows()) == []


async def test_another_model_begins_anew(scene: Scene) -> None:
    """Points of two models say nothing of each other."""
    await scene.answered(ASK, "Paris")
    scene.switch(near_model="openai:other")
    await scene.answered(AGAIN, "Paris")
    assert (await scene.rows())[-1].other_id == ""
    assert (await scene.rows())[-1].model == "openai:other"


async def test_too_many_at_once_are_left_out_and_counted(scene: Scene) -> None:
    asking = scene.asking(ASK)
    for _ in range(near.MOST_WAITING + 3):
        scene.nearby.learn(asking, "r", reply("Paris", "c", START_US))
    assert scene.nearby.left_out == 3
    for _ in range(2):
        await scene.nearby.work()
    assert [facts["calls"] for event, facts in scene.said if event == "near_left_out"] == [3]


async def test_what_is_long_or_no_conversation_is_not_looked_at(scene: Scene) -> None:
    scene.nearby.learn(scene.asking(ASK), "r", reply("x" * near.LARGEST_BYTES, "c", START_US))
    embedding = Asking(call_of({"input": ASK}, surface="embeddings"), Asked(b"", b""), "k")
    scene.nearby.learn(embedding, "r", reply("Paris", "c", START_US))
    await scene.answered("short", "Paris")
    await scene.nearby.work()
    assert scene.house.calls == []
    assert (await scene.rows()) == []


async def test_off_means_off(scene: Scene) -> None:
    scene.switch(near="off")
    await scene.answered(ASK, "Paris")
    assert scene.house.calls == []


async def test_switched_off_it_forgets_what_it_knew(scene: Scene) -> None:
    await scene.answered(ASK, "Paris")
    mode = scene.cache.near
    scene.switch(near="off")
    await scene.nearby.work()
    scene.switch(near=mode)
    await scene.answered(AGAIN, "Paris")
    assert (await scene.rows())[-1].other_id == ""


async def test_rows_that_cannot_be_written_now_are_written_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(job: object) -> None:
        return None

    monkeypatch.setattr(scene.notices, "ask", nothing)  # a table that is away
    await scene.answered(ASK, "Paris")
    monkeypatch.undo()
    await scene.answered(AGAIN, "Paris")
    assert len(await scene.rows()) == 2


@pytest.mark.slow
async def test_a_call_does_not_wait_long_for_numbers(scene: Scene) -> None:
    scene.switch(near="serve")
    await scene.reported()
    scene.house.slow_s = 60
    async with asyncio.timeout(5):
        assert await scene.find(ASK) is None


async def test_it_runs_until_it_is_cancelled_and_outlives_a_bug(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def fail(call: Call, sink: Sink) -> None:
        asked.set()
        raise RuntimeError("a bug")

    running = asyncio.ensure_future(scene.nearby.run(lambda: scene.house))
    await asyncio.sleep(0)
    monkeypatch.setattr(scene.house, "serve", fail)
    for _ in range(2):
        asked.clear()
        scene.nearby.learn(scene.asking(ASK), "r", reply("Paris", "c", START_US))
        async with asyncio.timeout(5):
            await asked.wait()
    await asyncio.sleep(0)
    assert [event for event, _ in scene.said] == ["bug", "bug"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_clients_are_told_the_likeness_never_more_than_it_is() -> None:
    kept = reply("Paris", "c", START_US)
    assert header(Served(kept, 0.979)) == b"near; likeness=0.97"
    assert header(Served(kept, 1.0)) == b"near; likeness=1.00"
