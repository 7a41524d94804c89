"""A node follows what is published, keeps what it has when it cannot, and says so."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.config import Config, ConfigError
from headgate.gateway.following import TRIED, Following, follow
from headgate.store import published
from headgate.store.place import connect
from headgate.store.sql import StoreError

NEAR = '[server]\nport = 4321\n[store]\nconfig = "shared"\n'
GOOD = '[server]\nport = 1\n[providers.anthropic]\napi_key = "env:ONE"\n[retry]\ntries = {}\n'
ENV = {"ONE": "sk-ant-api03-" + "t" * 80}


class Node:
    """A store and what a node reads of itself."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "headgate.db"
        self.near = NEAR
        connect(self.place).close()
        self.following = Following(self.place, self.read, ENV)

    def read(self) -> Config:
        return configuration.load(self.near, ENV, source="near")

    def publish(self, text: str) -> int:
        with contextlib.closing(connect(self.place)) as connection:
            return published.publish(connection, text, actor="x", now_us=1)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_the_newest_version_holds_but_for_what_is_the_nodes_own(node: Node) -> None:
    node.publish(GOOD.format(2))
    node.publish(GOOD.format(3))
    config = node.following.begin()
    assert config.retry.tries == 3
    assert config.server.port == 4321
    assert config.source == "shared configuration, version 2"
    assert node.following.shown() == {"version": 2}


def test_a_node_that_nothing_was_published_for_says_what_to_do(node: Node) -> None:
    with pytest.raises(ConfigError, match="headgate config publish"):
        node.following.begin()


def test_a_new_version_is_seen_once_and_taken_up(node: Node) -> None:
    node.publish(GOOD.format(2))
    node.following.begin()
    assert not node.following.look()
    node.publish(GOOD.format(5))
    assert node.following.look()
    assert node.following.read().retry.tries == 5
    assert not node.following.look()
    assert node.following.version == 2


def test_one_that_cannot_be_used_here_is_refused_and_a_better_one_taken(node: Node) -> None:
    node.publish(GOOD.format(2))
    node.following.begin()
    node.publish(GOOD.format(3).replace("env:ONE", "env:LACKING"))
    assert node.following.look()
    with pytest.raises(ConfigError, match="LACKING"):
        node.following.read()
    assert node.following.shown() == {"version": 1, "refused": 2}
    assert "LACKING" in node.following.shown_in_full()["why"]
    assert not node.following.look(), "it is refused once"
    node.publish(GOOD.format(4))
    assert node.following.look()
    assert node.following.read().retry.tries == 4
    assert node.following.shown() == {"version": 3}


def test_a_node_starts_with_the_newest_version_that_is_valid_there(node: Node) -> None:
    node.publish(GOOD.format(2))
    for _ in range(3):
        node.publish("[retry]\ntries = 'many'\n")
    config = node.following.begin()
    assert config.retry.tries == 2
    assert node.following.shown() == {"version": 1, "refused": 4}
    assert any("version 4 of the shared configuration is refused" in n for n in config.notes)
    assert not node.following.look()


def test_a_start_without_any_valid_version_tells_what_is_wrong_with_the_newest(
    node: Node,
) -> None:
    node.publish(GOOD.format(2))
    for n in range(TRIED):
        node.publish(f"[retry]\ntries = 'x{n}'\n")
    with pytest.raises(ConfigError, match=f"version {TRIED + 1} has a mistake"):
        node.following.begin()


def test_a_store_that_cannot_be_asked_changes_nothing_and_is_named(node: Node) -> None:
    node.publish(GOOD.format(2))
    node.following.begin()
    node.following.close()
    aside = node.place.with_name("aside")
    node.place.rename(aside)
    assert not node.following.look()
    assert node.following.shown() == {
        "version": 1,
        "trouble": "the store cannot be asked for a newer version",
    }
    assert str(node.place) not in str(node.following.shown())
    aside.rename(node.place)
    node.publish(GOOD.format(3))
    assert node.following.look()
    assert node.following.trouble == ""


def test_without_a_store_a_start_says_so(tmp_path: Path) -> None:
    near = configuration.load(NEAR, ENV, source="near")
    with pytest.raises(StoreError):
        Following(tmp_path / "none.db", lambda: near, ENV).begin()


def test_a_node_that_turns_to_a_file_of_its_own_needs_a_restart(node: Node) -> None:
    node.publish(GOOD.format(2))
    node.following.begin()
    node.near = GOOD.format(7)
    with pytest.raises(ConfigError, match="takes effect after a restart"):
        node.following.read()


def test_a_nodes_own_file_may_hold_nothing_that_is_shared(node: Node) -> None:
    text = NEAR + "[retry]\ntries = 2\n[models]\na = 'b:c'\n"
    with pytest.raises(ConfigError) as caught:
        configuration.load(text, ENV, source="near")
    assert {"retry", "models"} <= {problem.path for problem in caught.value.problems}


@pytest.mark.slow
async def test_every_version_is_taken_up_within_a_second_or_said_to_be_refused(
    node: Node,
) -> None:
    await asyncio.to_thread(node.publish, GOOD.format(2))
    await asyncio.to_thread(node.following.begin)
    said: asyncio.Queue[str] = asyncio.Queue()

    def reload() -> list[str]:
        return [f"tries {node.following.read().retry.tries}"]

    chore = asyncio.ensure_future(follow(node.following, reload, said.put_nowait))
    async with asyncio.timeout(1.0):
        await asyncio.to_thread(node.publish, GOOD.format(9))
        assert await said.get() == "took up version 2\ntries 9"
    async with asyncio.timeout(1.0):
        await asyncio.to_thread(node.publish, "[retry]\ntries = 0\n")
        refused = await said.get()
    assert refused.startswith(
        "version 3 of the shared configuration is refused here, version 2"
    )
    assert "must be at least 1" in refused
    chore.cancel()
