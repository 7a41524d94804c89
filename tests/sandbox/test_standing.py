"""What a sandbox stands on is proved first, shared within a process, and cleared at the end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from headgate.sandbox import standing
from headgate.sandbox.model import Isolation, Runtime, Unavailable
from headgate.sandbox.settings import Settings
from headgate.sandbox.standing import stand


class Groups:
    """Control groups that take a while to be gone."""

    found = 0
    version = 1

    def __init__(self) -> None:
        self.left = 3

    @classmethod
    def find(cls) -> Groups:
        cls.found += 1
        return cls()

    def close(self) -> bool:
        self.left -= 1
        return self.left == 0


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> type[Groups]:
    monkeypatch.setattr(standing, "Groups", Groups)
    monkeypatch.setattr(Groups, "found", 0)
    return Groups


async def proved(settings: Settings, groups: object = None) -> Isolation:
    if settings.minimum == "container":
        raise Unavailable("no container", "install one")
    return Isolation("namespaces")


async def test_sandboxes_of_one_process_share_its_groups_and_the_last_one_clears_them(
    groups: type[Groups], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "probe", proved)
    first, second = await stand(Settings()), await stand(Settings())
    shared = standing._OURS._groups
    assert groups.found == 1
    assert isinstance(shared, Groups)
    await first.leave()
    assert shared.left == 3
    await second.leave()
    assert shared.left == 0
    await (await stand(Settings())).leave()
    assert groups.found == 2


async def test_a_machine_that_gives_too_little_is_told_and_nothing_is_left(
    groups: type[Groups], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "probe", proved)
    with pytest.raises(Unavailable):
        await stand(Settings(minimum="container"))
    assert standing._OURS._users == 0
    assert standing._OURS._groups is None


@pytest.mark.slow
async def test_a_worker_of_the_tier_that_was_proved_is_begun() -> None:
    ground = await stand(Settings())
    try:
        worker = await ground.start(Runtime("python", "3", "python"))
        assert worker.alive
        await worker.close()
    finally:
        await ground.leave()
    assert ground.isolation.tier in ("namespaces", "landlock")


def _children() -> set[str]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.01, 0.03, 0.06, 0.1])
async def test_an_opening_that_is_given_up_at_any_moment_leaves_no_process(
    after_s: float,
) -> None:
    before = await asyncio.to_thread(_children)
    opening = asyncio.ensure_future(stand(Settings()))
    await asyncio.sleep(after_s)
    opening.cancel()
    (found,) = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(found, standing.Standing):
        await found.leave()
    assert await asyncio.to_thread(_children) <= before
    assert standing._OURS._users == 0
