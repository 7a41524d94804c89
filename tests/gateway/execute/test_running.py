"""A run ends when nobody waits for it, or when Headgate must stop; what is told is in order."""

from __future__ import annotations

import asyncio
import base64
import json
import threading

import pytest

from headgate.gateway.execute.running import LARGE, Flow
from headgate.gateway.execute.said import Ours
from headgate.sandbox.model import Artefact, Heard, Made, Output
from tests.gateway.execute.pretender import ON, pretending
from tests.kit import Got


class Kept:
    """A sink that keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def send(self, data: bytes) -> None:
        self.got.append(data)


async def test_what_is_heard_is_sent_once_and_in_order() -> None:
    flow, sink = Flow(Ours("hg_1", several=False, stream=True)), Kept()
    for text in "ab":
        flow.hear(Output("stdout", text))
    assert flow.news.is_set()
    sent = await flow.send(sink)  # type: ignore[arg-type] # it is sent to, and no more
    assert sent == len(b"".join(sink.got))
    assert [b'"text":"a"' in sink.got[0], b'"text":"b"' in sink.got[1]] == [True, True]
    assert not flow.news.is_set()
    assert await flow.send(sink) == 0  # type: ignore[arg-type] # the same


async def test_a_large_artefact_is_coded_in_a_thread_and_stays_in_its_turn() -> None:
    class Noting(Ours):
        def heard(self, it: Heard, index: int) -> bytes:
            threads[type(it)] = threading.get_ident()
            return super().heard(it, index)

    threads: dict[type, int] = {}
    flow, sink = Flow(Noting("hg_1", several=False, stream=True)), Kept()
    data = b"x" * (LARGE + 1)
    flow.hear(Output("stdout", "before"))
    flow.hear(Made(Artefact("big", len(data), "s", "m", data)))
    flow.hear(Output("stdout", "after"))
    await flow.send(sink)  # type: ignore[arg-type] # it is sent to, and no more
    assert threads[Output] == threading.get_ident() != threads[Made]
    assert max(map(len, sink.got)) <= LARGE  # nothing holds the loop for long
    before, big, after = b"".join(sink.got).split(b"\n\n")[:3]
    assert (b"before" in before, b"after" in after) == (True, True)
    told = json.loads(big.partition(b"data: ")[2])
    assert base64.b64decode(told["artefact"]["content_base64"]) == data


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
async def test_a_gateway_that_must_stop_tells_its_runs_and_writes_their_rows(
    monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    toml = ON + 'second_usd = "1"\n'
    async with pretending(monkeypatch, toml) as (field, boxes):
        body = {"code": "say 1\nwait 30", "stream": stream}
        call: asyncio.Future[Got] = asyncio.ensure_future(field.post("/v1/execute", body))
        while not (boxes and boxes[0].going):  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        hurry = asyncio.Event()
        hurry.set()
        await field.opened.close(hurry=hurry)
        got = await call
        text = got.body.decode()
        assert "was told to stop" in text
        assert got.status == (200 if stream else 503)
        assert (boxes[0].stopped, boxes[0].is_open) == (1, False)
        row = await field.row()
        assert (row["fault"], row["ending"]) == ("busy", "error")
        assert row["cost_nusd"] == 0  # it was we who cut it off


@pytest.mark.slow
async def test_a_bug_is_answered_and_its_call_has_a_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch) as (field, _):
        got = await field.post("/v1/execute", {"code": "nonsense"})
        assert got.status == 500
        assert got.headers["x-request-id"] in got.json["error"]["message"]
        assert (await field.row())["fault"] == "internal"
        assert any(line["event"] == "bug" for line in field.logged())


@pytest.mark.slow
async def test_the_log_names_who_ran_what_by_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pretending(monkeypatch) as (field, _):
        await field.post("/v1/execute", {"code": "say secret"})
        (line,) = [line for line in field.logged() if line["event"] == "execute"]
        assert len(line["code_sha256"]) == 64
        assert (line["language"], line["status"], line["tier"]) == (
            "python",
            "ok",
            "namespaces",
        )
        assert "secret" not in str(field.logged())
