"""Jobs on vendors' interpreters: the same result, and never one that is not the code's."""

from __future__ import annotations

import asyncio
import json

import pytest

from headgate.sandbox.hosted import parcel
from headgate.sandbox.hosted.vendor import vendors
from headgate.sandbox.model import Job, Limits, Refused, Result, Status, Unavailable
from headgate.sandbox.settings import Settings
from headgate.sim.interpreter import SAYS
from tests.sandbox.hosted.shop import shop

pytestmark = pytest.mark.slow
JOB = Job("python", "print(6 * 7)")
BOTH = ["openai", "anthropic"]


@pytest.mark.parametrize("on", BOTH)
async def test_a_run_has_the_same_shape_with_model_tokens_and_cost(on: str) -> None:
    async with shop() as (sim, away):
        result = await away.run(on, JOB)
        vendor = vendors()[on]
        assert result.status is Status.OK, result.hint
        assert result.stdout == SAYS
        assert result.on == f"{on}:{vendor.models[0]}"
        assert result.model == vendor.models[0]
        assert result.input_tokens > 0
        assert result.output_tokens > 0
        box = vendor.sizes[0].cost_nusd(0, vendor.billed_from_s)
        assert result.cost_nusd > box, "tokens come on top of the container"
        assert result.isolation is None
        assert result.id.startswith(("cntr_", "container_"))
        held = sim.world.interpreters
        assert not [it for it in held.files.values() if it.key and not it.container]
        assert all(call.status == 200 for call in sim.calls)


@pytest.mark.parametrize("on", BOTH)
async def test_code_that_was_changed_on_the_way_is_broken_and_says_what_ran(on: str) -> None:
    async with shop() as (sim, away):
        given = json.dumps({"code": "print('something else')"})
        sim.play(sim.options.scenario)
        for _ in range(4):
            sim.next(f"tool-input={given}")
        result = await away.run(on, JOB)
        assert result.status is Status.BROKEN
        assert "did not run the code as it was given" in result.hint
        assert "something else" in result.hint
        assert not result.stdout
        assert result.cost_nusd > 0, "its tokens were paid all the same"


async def test_a_model_that_runs_nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.sim.interpreter._code", lambda *_: "")
    async with shop() as (_, away):
        result = await away.run("openai", JOB)
        assert (result.status, result.hint) == (Status.BROKEN, "the model ran nothing")


@pytest.mark.parametrize("on", BOTH)
async def test_what_no_hash_vouches_for_is_broken(on: str) -> None:
    """The outcome that is fetched must be the one our program printed the hash of."""
    async with shop() as (sim, away):
        desk = sim.world.interpreters
        honest = desk.carry

        def forged(data: bytes) -> tuple[str, dict[str, bytes]]:
            logs, files = honest(data)
            changed = {n: it.replace(b'"code":0', b'"code":7') for n, it in files.items()}
            return logs, changed

        desk.carry = forged
        result = await away.run(on, JOB)
        assert result.status is Status.BROKEN
        desk.carry = lambda data: ("Traceback: out of memory", {})
        result = await away.run(on, JOB)
        assert "it printed: Traceback: out of memory" in result.hint


async def test_a_container_is_used_again_and_closed_only_by_who_opened_it() -> None:
    async with shop() as (sim, away):
        first = await away.run("openai", JOB)
        assert not sim.world.interpreters.boxes, "closed with its run"
        box = sim.world.interpreters.open(sim.calls[0].key, "cntr_", {})
        again = await away.run("openai", Job("python", "1", session=box.id))
        assert again.id == box.id
        assert list(sim.world.interpreters.boxes) == [box.id]
        assert again.cost_nusd < first.cost_nusd


async def test_the_model_is_the_callers_to_choose() -> None:
    async with shop() as (_, away):
        result = await away.run("openai:gpt-5.6-terra", JOB)
        assert result.on == "openai:gpt-5.6-terra"
        assert result.model == "gpt-5.6-terra"


async def here(job: Job) -> Result:
    return Result(status=Status.OK, stdout="here")


async def not_here(job: Job) -> Result:
    raise Unavailable("no sandbox holds here", "see doctor")


async def test_left_to_choose_it_is_run_where_it_costs_least() -> None:
    async with shop() as (_, away):
        result = await away.run("auto", JOB, here)
        assert (result.on, result.stdout) == ("local", "here")
        assert "openai:gpt-6-luna about $" in result.why


async def test_what_this_machine_cannot_do_goes_to_one_that_can() -> None:
    async with shop(Settings(most_memory_mb=512)) as (_, away):
        large = Job("python", "1", limits=Limits(memory_mb=2048))
        result = await away.run("auto", large, here)
        assert result.on != "local"
        assert "local cannot: it has 512 MB at most, not 2048 MB" in result.why


@pytest.mark.parametrize("on", ["auto", "local,openai"])
async def test_where_it_fails_here_the_next_place_is_tried(on: str) -> None:
    async with shop() as (_, away):
        result = await away.run(on, JOB, not_here)
        assert result.on.partition(":")[0] in BOTH
        assert "local did not: no sandbox holds here" in result.why


async def test_a_vendor_that_is_down_leaves_it_to_this_machine() -> None:
    async with shop() as (sim, away):
        sim.play(sim.options.scenario)
        sim.world.interpreters.carry = lambda data: ("", {})
        result = await away.run("openai,local", JOB, here)
        assert (result.on, result.stdout) == ("local", "here")
        assert "did not come to an end" in result.why


async def test_a_vendors_refusal_keeps_its_words() -> None:
    async with shop() as (sim, away):
        sim.world.director.coming.clear()
        sim.next("529;message=try later")
        with pytest.raises(Unavailable, match="try later"):
            await away.run("openai", JOB)


@pytest.mark.parametrize(
    ("on", "job", "said"),
    [
        ("openai", Job("go", "package main"), "it runs python, not go"),
        ("nobody", JOB, "no provider 'nobody' here runs code"),
        ("openai", Job("python", "1", limits=Limits(memory_mb=100_000)), "at most"),
    ],
)
async def test_what_cannot_be_is_refused_with_words(on: str, job: Job, said: str) -> None:
    async with shop() as (sim, away):
        with pytest.raises(Refused, match=said):
            await away.run(on, job)
        assert not sim.calls, "nothing was sent"


def test_the_line_does_not_name_the_code() -> None:
    """A model is never shown the code: it could not keep its hands off it."""
    from headgate.sandbox.hosted import anthropic, openai

    sent = parcel.pack(JOB)
    for line in (openai.line(sent), anthropic.line(sent)):
        assert "6 * 7" not in line
        assert sent.file in line


async def test_nothing_is_kept_awake_before_its_price_was_agreed_to() -> None:
    async with shop() as (sim, away):
        for agreed in ("0", "4.31"):
            with pytest.raises(Refused, match=r"\$4.32 a day.*agreed were"):
                away.keep_warm("openai", 2, agreed_usd_day=agreed)
        with pytest.raises(Refused, match="cannot be kept awake"):
            away.keep_warm("anthropic", 1, agreed_usd_day="100")
        await asyncio.sleep(0.05)
        assert not sim.calls
        assert not sim.world.interpreters.boxes


async def test_a_run_takes_a_container_that_was_kept_awake_and_another_is_made() -> None:
    async with shop() as (sim, away):
        boxes = sim.world.interpreters.boxes
        said = away.keep_warm("openai", 1, agreed_usd_day="2.16")
        assert said.startswith("keeping 1 container of 1g")
        async with asyncio.timeout(5):
            while not boxes:  # noqa: ASYNC110 - the vendor has no event for it
                await asyncio.sleep(0.01)
        (kept,) = boxes
        result = await away.run("openai", JOB)
        assert (result.status, result.id) == (Status.OK, kept)
        async with asyncio.timeout(5):
            while not boxes or kept in boxes:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(boxes) == 1
        larger = Job("python", "1", limits=Limits(memory_mb=2048))
        assert (await away.run("openai", larger)).id not in boxes, "of another size"
        (dead,) = boxes
        boxes.clear()
        assert (await away.run("openai", JOB)).id != dead
        await away.__aexit__()
        assert not boxes, "each costs by the minute"


async def test_a_container_is_held_for_several_jobs_and_closed_after_them() -> None:
    await asyncio.to_thread(vendors)  # it reads a file, once
    async with shop() as (sim, away):
        boxes = sim.world.interpreters.boxes
        async with away.held("openai", 1024) as (container, cost_nusd):
            held = Job("python", "1", session=container)
            assert [(await away.run("openai", held)).id for _ in range(2)] == [container] * 2
            assert list(boxes) == [container]
            assert cost_nusd == vendors()["openai"].sizes[0].cost_nusd(0, 300)
        assert not boxes
        async with away.held("anthropic", 1024) as made_later:
            assert made_later == ("", 0)
