"""A gateway records whom it may, in every dialect, whole and streamed, and nobody else."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from headgate.config.model import Recording
from headgate.store.recordings import NAME, Recorded, Recordings
from tests.kit import HASTE, Field, chat, message, response, running, with_key

pytestmark = pytest.mark.slow

ON = HASTE + '[recording]\nenabled = true\nmodels = ["claude-*", "gpt-*"]\n'


async def told(field: Field, count: int) -> list[Recorded]:
    """What is recorded, once there are so many, the oldest first."""
    until = time.monotonic() + 20
    recordings = Recordings(field.ledger.with_name(NAME))
    found: list[Recorded] = []
    while len(found) < count and time.monotonic() < until:
        found = await asyncio.to_thread(recordings.find)
        await asyncio.sleep(0.01)
    await asyncio.to_thread(recordings.close)
    assert len(found) == count, [it.id for it in found]
    return found[::-1]


PATHS = (
    ("/v1/messages", message()),
    ("/v1/chat/completions", chat()),
    ("/v1/responses", response()),
    ("/v1/chat/completions", chat("claude-haiku-5-5")),
)


async def test_a_call_is_recorded_the_same_whole_and_as_a_stream_in_every_dialect() -> None:
    steady = {"x-headgate-sim": "output=20"}
    async with running(ON) as field:
        for n, (path, body) in enumerate(PATHS):
            for stream in (False, True):
                headers = {"x-request-id": f"{n}-{stream}", **steady}
                got = await field.post(path, {**body, "stream": stream}, headers)
                assert got.status == 200
        found = {it.id: it for it in await told(field, 2 * len(PATHS))}
    for n, (_, body) in enumerate(PATHS):
        one, other = found[f"{n}-False"], found[f"{n}-True"]
        assert (one.stream, other.stream) == (False, True)
        assert one.asked == other.asked
        assert one.answer is not None
        assert one.answer == other.answer
        assert one.answer.text.startswith("[simulated]")
        assert one.asked.turns[-1].role == "user"
        assert one.output_tokens == 20
        assert one.model_asked == body["model"]


async def test_who_says_no_or_asks_for_another_model_is_not_recorded() -> None:
    async with running(HASTE + '[recording]\nenabled = true\nmodels = ["claude-*"]\n') as field:
        for headers in ({"x-headgate-record": "no"}, {"cache-control": "no-store"}):
            assert (await field.post("/v1/messages", message(), headers)).status == 200
        assert (await field.post("/v1/chat/completions", chat())).status == 200
        failing = {"x-headgate-sim": "400"}
        assert (await field.post("/v1/messages", message(), failing)).status == 400
        assert (await field.post("/v1/messages", message(), {"x-request-id": "yes"})).whole
        (found,) = await told(field, 1)
    assert found.id == "yes"


async def test_a_key_that_is_not_named_is_not_recorded_and_no_header_field_ever_is() -> None:
    toml = HASTE + '[recording]\nenabled = true\nkeys = ["a"]\n'
    async with running(toml) as field:
        assert (await field.post("/v1/messages", message())).status == 200
        secret = await asyncio.to_thread(with_key, field.ledger)
        headers = {"x-api-key": secret, "x-odd": "never kept", "x-headgate-tags": "bench"}
        until = time.monotonic() + 20
        while (await field.post("/v1/messages", message(), headers)).status != 200:
            assert time.monotonic() < until
        found = await told(field, 1)
        folder = field.ledger.parent
        kept = await asyncio.to_thread(
            lambda: b"".join(it.read_bytes() for it in folder.glob(f"{NAME}*"))
        )
    assert (found[0].key, found[0].tags) == ("a", ("bench",))
    assert secret.encode() not in kept
    assert b"never kept" not in kept


async def test_while_recording_is_off_no_file_is_made() -> None:
    async with running(HASTE) as field:
        assert (await field.post("/v1/messages", message())).status == 200
        assert field.opened.house.engine._recording is None
        assert not field.ledger.with_name(NAME).exists()


async def test_only_what_is_asked_is_recorded_where_answers_are_not_wanted() -> None:
    async with running(ON + "answers = false\n") as field:
        assert (await field.post("/v1/messages", message(stream=True))).status == 200
        (found,) = await told(field, 1)
    assert found.answer is None
    assert found.asked.turns


async def test_what_is_too_long_is_counted_in_the_metrics_and_said_in_the_log() -> None:
    async with running(ON + "entry_bytes = 1024\n") as field:
        long = message(messages=[{"role": "user", "content": "x" * 2000}])
        assert (await field.post("/v1/messages", long)).status == 200
        page = (await field.get("/metrics")).body.decode()
    assert "headgate_recordings_dropped 1" in page
    assert "headgate_recorded_calls 0" in page


async def test_an_answer_that_is_given_again_is_recorded_once() -> None:
    toml = ON + '[cache]\nreply = "all"\njoin = "all"\n'
    async with running(toml) as field:
        for n in range(3):
            got = await field.post("/v1/messages", message(), {"x-request-id": f"r{n}"})
            assert got.status == 200
        await field.rows(3)
        assert [it.id for it in await told(field, 1)] == ["r0"]


async def test_recordings_end_with_their_time_while_the_gateway_runs() -> None:
    async with running(ON + "keep_s = 0.000001\n") as field:
        assert (await field.post("/v1/messages", message())).status == 200
        await told(field, 1)
        recorder = field.opened.house.ground.recorder
        assert recorder is not None
        now_us = time.time_ns() // 1000
        assert await asyncio.to_thread(recorder.tidy, now_us, 1 << 30) == 1
        await told(field, 0)


async def test_a_reload_that_forbids_recording_ends_it_for_the_next_call() -> None:
    async with running(ON) as field:
        house = field.opened.house
        assert (await field.post("/v1/messages", message())).status == 200
        config = replace(house.engine.config, recording=Recording())
        house.take_up(config, house.ground.settlement.catalog)
        assert (await field.post("/v1/messages", message())).status == 200
        await field.rows(2)
        await told(field, 1)
