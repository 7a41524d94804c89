"""headgate bench interpreter: the same work here and at vendors, who is named as what it is."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import Trouble, main
from headgate.cli.benchinterpreter import _have
from headgate.sandbox.settings import Settings
from headgate.sim.interpreter import carry
from tests.cli.vendordesk import Desk, opened

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path, "bench", "interpreter") as desk:
        yield desk


def carried(data: bytes) -> tuple[str, dict[str, bytes]]:
    """A parcel's outcome, its code having been run: that of our own workloads."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        code = bundle.read("main.py")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})  # noqa: S102  a workload that ships, which touches no file
    _, left = carry(data)
    ((name, told),) = left.items()
    changed = json.loads(told) | {
        "stdout": base64.b64encode(said.getvalue().encode()).decode(),
        "version": "3.11.0",
    }
    outcome = json.dumps(changed).encode()
    logs = f"{name.removesuffix('.json')} {hashlib.sha256(outcome).hexdigest()}\n"
    return logs, {name: outcome}


async def test_one_of_each_family_is_right_here(desk: Desk) -> None:
    """Data of a million rows, a chart, a fit, a search and a spectrum."""
    names = ("group_sales", "regression", "visualisation/bars", "queens", "spectrum")
    chosen = [word for it in names for word in ("--workload", it)]
    words = ("--warm", "1", "--at-once", "2", "--html", "page.html")
    said = await desk.typed(*chosen, *words)
    assert said.code == 0, said.told + said.out
    for family in ("transformation", "statistics", "visualisation", "algorithms", "numerics"):
        assert family in said.out
    assert "5 of 5" in said.out
    assert "times as long as a warm one" in said.out
    page = await asyncio.to_thread((desk.folder / "page.html").read_text)
    assert "<svg" in page


async def test_a_simulated_vendor_is_named_so_and_its_answers_are_not_judged(
    desk: Desk,
) -> None:
    words = (
        "--on",
        "openai,anthropic",
        "--workload",
        "primes",
        "--warm",
        "1",
        "--at-once",
        "2",
    )
    said = await desk.typed(*words)
    assert said.code == 0, said.told
    for vendor in ("OpenAI code interpreter", "Anthropic code execution"):
        assert (
            f"served from 127.0.0.1: a simulator or a stand-in, and not {vendor}" in said.told
        )
    assert "not judged" in said.out
    assert "100.0 %" not in said.out
    assert "6 runs at each place, probably $" in said.told


async def test_where_a_stand_in_runs_the_code_both_vendors_are_judged(desk: Desk) -> None:
    desk.sim.world.interpreters.carry = carried
    words = (
        "--workload",
        "primes",
        "--workload",
        "knapsack",
        "--warm",
        "1",
        "--at-once",
        "1,2",
    )
    said = await desk.typed("--on", "openai,anthropic", *words, "--json")
    assert said.code == 0, said.told + said.out
    places = json.loads(said.out)["places"]
    assert [it["success"]["share"] for it in places] == [1.0, 1.0]
    for it in places:
        assert it["told"]
        assert it["warm"]["per_success_nusd"] > 0
        assert [level["right"] for level in it["levels"]] == [2, 4]
    openai = places[0]
    assert openai["warm"]["cost_nusd"] - openai["ready_nusd"] < openai["cold"]["cost_nusd"], (
        "a container that stands ready is paid for once"
    )
    held = desk.sim.world.interpreters
    assert not [it for it in held.boxes if it.startswith("cntr_")], "every one was closed"


async def test_a_failure_is_exit_code_1_and_says_what_it_was(desk: Desk) -> None:
    desk.sim.world.interpreters.carry = lambda data: ("", {})
    words = ("--on", "openai", "--workload", "primes", "--warm", "0", "--at-once", "")
    said = await desk.typed(*words)
    assert said.code == 1
    assert "did not come to an end there" in said.out


async def test_more_than_the_cap_is_begun_nowhere(desk: Desk) -> None:
    said = await desk.typed("--on", "openai", "--max-cost", "0.01")
    assert said.code == 2
    assert "that is more than --max-cost" in said.told
    assert not desk.sim.calls


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--family", "charts"), "there is no family charts: there are transformation"),
        (("--at-once", "many"), "numbers from 1 to 256"),
        (("--on", ""), "names no place"),
        (("--html", "gone/page.html"), "there is no folder gone"),
        (("--max-cost", "nan"), "no number"),
        (("--on", "mistral"), "no provider 'mistral' here runs code"),
    ],
)
async def test_what_cannot_be_run_is_said_before_anything_is(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    ended = await desk.typed(*words)
    assert ended.code == 2
    assert said in ended.told


async def test_a_missing_package_is_named_with_what_installs_it() -> None:
    with pytest.raises(Trouble, match="no_such_thing is not installed") as error:
        await _have(Settings(), ["json", "no_such_thing"])
    assert "pip install 'headgate[sci]'" in str(error.value.hint)


def test_the_workloads_are_listed_and_nothing_is_run() -> None:
    said = CliRunner().invoke(main, ["bench", "interpreter", "--list"])
    assert said.exit_code == 0
    assert "transformation/group_sales" in said.output
    told = json.loads(
        CliRunner().invoke(main, ["bench", "interpreter", "--list", "--json"]).output
    )
    assert len(told) >= 40
