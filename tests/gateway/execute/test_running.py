"""A run ends when nobody waits for it, or when Headgate must stop; what is told is in order."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time

import pytest

from headgate.gateway.execute.running import Flow
from headgate.gateway.execute.said import LARGE, PIECE, Ours
from headgate.sandbox.model import Artefact, Made, Output
from tests.gateway.execute.pretender import ON, pretending
from tests.kit import Got

CLIENT = """
import http.client
line = http.client.HTTPConnection("127.0.0.1", {port}, timeout=60)
line.request("POST", "/v1/execute", {body!r}, {{"content-type": "application/json"}})
answer, count = line.getresponse(), 0
while data := answer.read(1 << 20):
    count += len(data)
print(count)
"""


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


async def test_a_large_artefact_lets_others_go_on_and_stays_in_its_turn() -> None:
    flow, sink = Flow(Ours("hg_1", several=False, stream=True)), Kept()
    data = b"x" * (8 * LARGE)
    flow.hear(Output("stdout", "before"))
    flow.hear(Made(Artefact("big", len(data), "s", "m", data)))
    flow.hear(Output("stdout", "after"))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going = asyncio.ensure_future(others())
    await flow.send(sink)  # type: ignore[arg-type] # it is sent to, and no more
    going.cancel()
    assert turns >= len(data) // PIECE
    assert max(map(len, sink.got)) <= LARGE  # nothing holds the loop for long
    before, big, after = b"".join(sink.got).split(b"\n\n")[:3]
    assert (b"before" in before, b"after" in after) == (True, True)
    told = json.loads(big.partition(b"data: ")[2])
    assert base64.b64decode(told["artefact"]["content_base64"]) == data


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_in_pieces_is_whole_json_and_its_bytes_are_in_its_row(
    monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    async with pretending(monkeypatch) as (field, _):
        got = await field.post("/v1/execute", {"code": "large a 2", "stream": stream})
        last = got.body.split(b"data: ")[1] if stream else got.body
        told = json.loads(last.partition(b"\n\n")[0])
        found = told["artefact"] if stream else told["artefacts"][0]
        assert len(base64.b64decode(found["content_base64"])) == 2 * LARGE
        assert "content-length" not in got.headers
        assert got.headers["x-request-id"].startswith("hg_")
        assert (await field.row())["ending"] == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
async def test_no_turn_of_the_loop_is_long_while_48_mb_are_answered(
    monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """In CPU time of the loop's own thread, which neighbours on the machine do not change; the
    client is in another process."""
    turns: list[float] = []

    async def beat() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            turns.append((now := time.thread_time()) - last)
            last = now

    async with pretending(monkeypatch) as (field, _):
        body = json.dumps({"code": "large a 48", "stream": stream})
        code = CLIENT.format(port=field.opened.server.port, body=body)
        beating = asyncio.ensure_future(beat())
        client = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=-1)
        said, _ = await client.communicate()
        beating.cancel()
        assert int(said) > 64 << 20
        assert max(turns) <= 0.02


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
