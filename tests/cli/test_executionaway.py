"""headgate exec --on: a vendor's interpreter behind the same words, files and exit codes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.config import load
from headgate.sandbox.hosted.vendor import vendors
from headgate.sim.interpreter import SAYS, carry
from tests.cli.vendordesk import Desk, opened
from tests.kit import ENV, PROVIDERS

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
BOTH = ["openai", "anthropic"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path, "exec", stdin=b"print(6 * 7)\n") as desk:
        yield desk


@pytest.mark.parametrize("on", BOTH)
async def test_what_code_prints_there_is_stdout_and_what_it_cost_is_told(
    desk: Desk, on: str
) -> None:
    said = await desk.typed("-", "--on", on)
    assert said.code == 0, said.told
    assert said.out == SAYS
    model = vendors()[on].models[0]
    assert f"ran at {on}:{model}: {model}, " in said.told
    assert " tokens in, " in said.told
    assert "$0.0" in said.told


@pytest.mark.parametrize("on", BOTH)
async def test_json_is_one_document_and_nothing_else(desk: Desk, on: str) -> None:
    said = await desk.typed("-", "--on", on, "--json")
    assert said.code == 0, said.told
    found: Any = json.loads(said.out)
    assert (found["status"], found["stdout"]) == ("ok", SAYS)
    assert found["on"] == f"{on}:{vendors()[on].models[0]}"
    assert found["cost_nusd"] > 0
    assert found["input_tokens"] > 0


async def test_json_of_a_run_that_stayed_here_is_one_document_too(desk: Desk) -> None:
    said = await desk.typed("-", "--on", "local,openai", "--json")
    found: Any = json.loads(said.out)
    assert (found["on"], found["stdout"]) == ("local", "42\n")
    assert not desk.sim.calls


async def test_left_to_choose_it_runs_here_where_that_costs_nothing(desk: Desk) -> None:
    said = await desk.typed("-", "--on", "auto")
    assert (said.code, said.out) == (0, "42\n")
    assert "ran here: it costs about $0.0000, anthropic:" in said.told
    assert not desk.sim.calls


async def test_what_is_too_large_for_this_machine_goes_to_a_vendor(desk: Desk) -> None:
    said = await desk.typed("-", "--on", "auto", "--memory", "5GB")
    assert (said.code, said.out) == (0, SAYS), said.told
    assert "ran at " in said.told
    assert "local cannot: it has 4096 MB at most" in said.told


@pytest.mark.parametrize("words", [("--on", "openai,local"), ("--on", "openai,anthropic")])
async def test_a_vendor_that_is_down_leaves_it_to_the_next_place(
    desk: Desk, words: tuple[str, str]
) -> None:
    desk.sim.next("503;message=down for now")
    said = await desk.typed("-", *words)
    assert said.code == 0, said.told
    assert said.out == ("42\n" if words[1].endswith("local") else SAYS)
    assert "down for now" in said.told


async def test_a_machine_without_a_sandbox_leaves_it_to_the_vendor(desk: Desk) -> None:
    said = await desk.typed("-", "--on", "local,openai", "--tier", "container")
    assert (said.code, said.out) == (0, SAYS), said.told
    assert "local did not: no sandbox here that holds" in said.told


async def test_a_vendor_that_is_down_and_alone_is_told_in_its_own_words(desk: Desk) -> None:
    desk.sim.next("503;message=down for now")
    said = await desk.typed("-", "--on", "openai")
    assert (said.code, said.out) == (1, "")
    assert "Error: openai did not run the code: 503: [simulated] down for now" in said.told
    assert "--on local,openai" in said.told


async def test_a_provider_without_a_key_is_named_with_its_variable(desk: Desk) -> None:
    del desk.env["OPENAI_API_KEY"]
    said = await desk.typed("-", "--on", "openai")
    assert said.code != 0
    assert said.out == ""
    assert "OPENAI_API_KEY" in said.told
    assert "Traceback" not in said.told


async def test_a_place_nobody_knows_is_named_with_those_that_are(desk: Desk) -> None:
    said = await desk.typed("-", "--on", "nowhere")
    assert (said.code, said.out) == (2, "")
    assert "no provider 'nowhere' here runs code" in said.told
    assert "openai" in said.told


async def test_an_exit_code_and_stderr_come_back_from_there(desk: Desk) -> None:
    desk.sim.world.interpreters.carry = _failed
    said = await desk.typed("-", "--on", "openai")
    assert (said.code, said.out) == (7, "")
    assert said.told.startswith("careful\n")


async def test_ctrl_c_ends_it_and_leaves_no_container_there(desk: Desk) -> None:
    desk.sim.next("head-delay=30")
    process = await desk.start("-", "--on", "openai")
    assert process.stdin is not None
    process.stdin.write(b"print(1)\n")
    process.stdin.close()
    held = desk.sim.world.interpreters
    async with asyncio.timeout(30):
        while not held.boxes:  # noqa: ASYNC110 - it is another process's doing
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, told = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 130, told
    assert b"Traceback" not in told
    assert not held.boxes


def _failed(data: bytes) -> tuple[str, dict[str, bytes]]:
    """The outcome of code that says something on stderr and exits with 7."""
    logs, left = carry(data)
    ((path, sent),) = left.items()
    told = json.loads(sent)
    told |= {"code": 7, "stdout": "", "stderr": base64.b64encode(b"careful\n").decode()}
    changed = json.dumps(told).encode()
    before, after = (hashlib.sha256(it).hexdigest() for it in (sent, changed))
    return logs.replace(before, after), {path: changed}


async def test_the_price_of_keeping_containers_awake_is_named_and_how_to_agree(
    desk: Desk,
) -> None:
    said = await desk.typed("--on", "openai", "--memory", "4GB", "--warm", "2")
    assert said.code == 0, said.told
    assert "keeping 2 containers of 4g" in said.out
    assert "$0.7200 an hour, $17.28 a day" in said.out
    assert 'warm_usd_day = "17.28"' in said.out
    found: Any = json.loads((await desk.typed("--on", "openai", "--warm", "1", "--json")).out)
    assert (found["hour_nusd"], found["day_nusd"]) == (90_000_000, 2_160_000_000)
    assert found["checked"] == vendors()["openai"].checked.isoformat()
    assert not desk.sim.calls


async def test_what_is_written_to_agree_is_agreement_enough(desk: Desk, tmp_path: Path) -> None:
    said = await desk.typed("--on", "openai", "--warm", "3")
    own = said.out[said.out.index("  [sandbox]") :].replace("\n  ", "\n").strip()
    await asyncio.to_thread(
        load, own + PROVIDERS.replace("{sim}", "http://[::1]:9"), ENV, source="t"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--on", "anthropic", "--warm", "1"), "cannot be kept awake"),
        (("--warm", "1"), "local keeps no containers"),
        (("--on", "openai", "--memory", "900GB", "--warm", "1"), "cannot be kept awake"),
    ],
)
async def test_what_cannot_be_kept_awake_is_said(
    desk: Desk, words: tuple[str, ...], told: str
) -> None:
    said = await desk.typed(*words)
    assert said.code == 2
    assert told in said.told
