"""The guide to tasks from one's own traffic is tried out, from the call to the proved task."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.bench.reading.appending import tasks_in
from headgate.bench.reading.dataset import read
from headgate.cli import main
from headgate.sim.app import Options
from headgate.sim.coder import Book, Known, Rates
from tests.e2e import guide
from tests.e2e.guide import section
from tests.kit import HASTE, message, running

NAME = "make-tasks-from-your-traffic.md"

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TASK = Known("pages", "Write pages(rows, size).", "python", "def pages(): 1", ("pass",))
ON = '[recording]\nenabled = true\ntags = ["mine"]\n'


async def test_a_call_through_a_gateway_becomes_a_draft(tmp_path: Path) -> None:
    options = Options(book=Book({"*": Rates(1.0)}, [TASK]))
    async with running(HASTE + ON, options=options) as field:
        body = message(messages=[{"role": "user", "content": TASK.prompt}], stream=True)
        for id, tags in (("one", "mine"), ("other", "")):
            headers = {"x-request-id": id, "x-headgate-tags": tags}
            assert (await field.post("/v1/messages", body, headers)).status == 200
        recorder = field.opened.house.ground.recorder
        assert recorder is not None
        until = time.monotonic() + 20
        while not recorder.written:
            assert time.monotonic() < until, recorder.dropped
            await asyncio.sleep(0.01)
        words = ["bench", "add", str(tmp_path / "t.toml"), "--ledger", str(field.ledger)]
        run = partial(CliRunner().invoke, main)
        added = await asyncio.to_thread(run, [*words, "--call", "one"])
        unknown = await asyncio.to_thread(run, [*words, "--call", "other"])
    assert added.exit_code == 0, added.stderr
    (draft,) = await asyncio.to_thread(tasks_in, tmp_path / "t.drafts.toml")
    assert draft["prompt"] == TASK.prompt + "\n"
    assert draft["reference"] == TASK.right + "\n"
    assert draft["tests"] == ""
    assert unknown.exit_code == 2
    assert "call other is not recorded" in unknown.stderr


@pytest.mark.soak
def test_recorded_calls_become_tasks_as_the_guide_says(tmp_path: Path) -> None:
    text = guide.read(NAME, ("4697", "4698"))
    (configuration,) = guide.blocks(text, "toml")
    (tmp_path / "traffic.toml").write_text(configuration)
    output = guide.run(text, tmp_path)

    calls = section(output, "Calls as your programs make them")
    assert "first" in calls
    assert "second" not in calls
    assert "api_key=[masked: secret]" in calls
    assert "return -(-rows // size)" in calls
    assert "hunter2" not in output

    assert "1 of 1 tasks hold" in section(output, "A task with tests")
    (task,) = read(tmp_path / "ours.toml").tasks
    assert task.id == "pages"
    assert task.reference == "def pages(rows, size):\n    return -(-rows // size)\n"
    assert task.prompt.startswith("Write pages(rows, size)")

    later = section(output, "Tests later")
    assert "drafted write-pages-rows-size-how-many" in later
    assert "added write-pages-rows-size-how-many" in later
    assert len(read(tmp_path / "later.toml").tasks) == 1

    kept = b"".join(it.read_bytes() for it in tmp_path.glob("recordings.db*"))
    assert b"rows" not in kept
    assert b"hunter2" not in kept
