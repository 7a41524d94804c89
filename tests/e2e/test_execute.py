"""Code run by real workers: a session is there whichever worker is asked, and ends with its."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from headgate.sandbox.model import Job, Unavailable
from headgate.sandbox.sandbox import run_once
from tests.e2e.crew import Fan, Host, host
from tests.kit import request

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
ON = "[sandbox]\nenabled = true\nspares = 1\n"


@pytest.fixture(scope="module", autouse=True)
def _can_run_code() -> None:
    """Loudly, where this machine contains no code."""
    try:
        run_once(Job("python", "print(1)"))
    except Unavailable as error:
        pytest.skip(f"no sandbox on this machine: {error.what}; {error.remedy}")


@pytest.fixture(scope="module")
def here(_can_run_code: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Two workers, for all tests: each leaves as many as it found."""
    with host(tmp_path_factory.mktemp("host"), 2, more=ON) as found:
        yield found


async def test_a_session_is_reached_through_every_worker(here: Host) -> None:
    opened = await request(here.port, "POST", "/v1/sessions", {"language": "python"})
    assert opened.status == 201, opened.body
    path = f"/v1/sessions/{opened.json['id']}"
    code = {"code": "n = globals().get('n', 0) + 1\nprint(n)\nn"}
    async with Fan(here.port) as fan:
        found = await fan.ask("POST", f"{path}/execute", code)
        assert {got.status for got in found} == {200}, [got.body for got in found]
        values = sorted(int(got.json["value"]) for got in found)
        assert values == list(range(1, len(found) + 1))
        lists = await fan.ask("GET", "/v1/sessions")
        assert {len(got.json["data"]) for got in lists} == {1}
        streamed = await fan.ask("POST", f"{path}/execute", {**code, "stream": True})
        assert all(b"event: output" in got.body for got in streamed)
        assert all(b"event: result" in got.body for got in streamed)
    await request(here.port, "DELETE", path)


async def test_sessions_of_a_worker_that_died_are_gone_and_others_stay(here: Host) -> None:
    ids: dict[str, str] = {}
    for _ in range(12):
        opened = await request(here.port, "POST", "/v1/sessions", {})
        id = opened.json["id"]
        if ids.setdefault(id.split("_")[1], id) != id:
            await request(here.port, "DELETE", f"/v1/sessions/{id}")
        if len(ids) == 2:
            break
    os.kill(here.workers[0], signal.SIGKILL)
    async with asyncio.timeout(20):
        while len(here.alive()) < 2:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.05)
    for place, id in ids.items():
        for got in [await request(here.port, "GET", f"/v1/sessions/{id}") for _ in range(6)]:
            assert got.status in ((200,) if place == "2" else (404, 503)), got.body
