"""One loop drives the coroutines of both sides."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import peer
from tests.sandbox.verdict.inside import joined


async def steps(log: list[str], name: str) -> str:
    for _ in range(2):
        log.append(name)
        await asyncio.sleep(0)
    return name


async def stops() -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr] # runs in one
    await asyncio.sleep(0)


async def waits(event: Any) -> str:
    await event.wait()
    return "done"


@pytest.fixture
def both() -> Iterator[joined.Joined]:
    made = joined.joined()
    made.code.perform["steps"] = lambda: steps
    made.code.perform["stops"] = lambda: stops
    made.code.perform["waits"] = lambda: waits
    yield made
    made.close()


def test_coroutines_of_the_code_take_turns(both: joined.Joined) -> None:
    run = both.judge.ask("steps", 0)

    async def main() -> tuple[Any, list[str]]:
        log: list[str] = []
        done = await asyncio.gather(run(log, "a"), run(log, "b"))
        return done, log

    assert asyncio.run(main()) == (["a", "b"], ["a", "b", "a", "b"])


def test_an_event_of_the_tests_lets_the_code_go_on_in_the_next_turn(
    both: joined.Joined,
) -> None:
    run = both.judge.ask("waits", 0)

    async def main() -> bool:
        event = asyncio.Event()
        task = asyncio.ensure_future(run(event))
        await asyncio.sleep(0)
        assert not task.done()
        event.set()
        await asyncio.sleep(0)
        return bool(await asyncio.wait_for(task, 20) == "done")

    assert asyncio.run(main())


def test_what_the_tests_cancel_is_cancelled_in_the_code(both: joined.Joined) -> None:
    both.judge.named = set
    run = both.judge.ask("waits", 0)

    async def main() -> None:
        await asyncio.wait_for(run(asyncio.Event()), 0.01)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())


def test_the_code_cannot_cancel_a_task_of_the_tests(both: joined.Joined) -> None:
    both.judge.named = set
    run = both.judge.ask("stops", 0)
    with pytest.raises(RuntimeError, match="CancelledError"):
        asyncio.run(peer.awaited(run()) if peer.is_thing(run) else run())
