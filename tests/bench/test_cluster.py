"""Judging on a cluster gives what judging here gives, whatever becomes of its nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from headgate import __version__
from headgate.bench import cluster
from headgate.bench.cluster import Cluster
from headgate.bench.grade import Grade, Graded
from headgate.bench.raylink import ClusterLost, Link, Node, NodeLost
from headgate.bench.seat import Lacking, Told
from headgate.bench.task import Task
from headgate.sandbox.model import Unavailable
from headgate.sandbox.settings import Settings
from tests.bench.samples import RIGHT, doubling

PY, GO = doubling("py"), doubling("go", language="go")


class _Nodes:
    """A cluster in memory: what each node is, and what it does when it is asked."""

    def __init__(self, *nodes: tuple[str, int, tuple[str | Lacking, ...]]) -> None:
        self.alive = {name: Node(name, name, cores) for name, cores, _ in nodes}
        self.runtimes = {name: runtimes for name, _, runtimes in nodes}
        self.version = __version__
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.ended: list[str] = []
        self.closed = False
        self.lose: Callable[[str], bool] = lambda name: False

    async def nodes(self) -> list[Node]:
        if not self.alive:
            raise ClusterLost("gone")
        return list(self.alive.values())

    async def begin(self, node: Node, settings: Settings) -> _Actor:
        return _Actor(node.id)

    async def ask(self, method: tuple[str, str], *words: Any) -> object:
        what, name = method
        if what == "begin":
            return Told(self.version, "namespaces", self.runtimes[name])
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(0)
            if self.lose(name):
                raise NodeLost("it died")
        finally:
            self.at_once -= 1
        self.asked.append(name)
        return Graded(grade=Grade.PASS)

    async def end(self, actor: _Actor) -> None:
        self.ended.append(actor.name)

    async def close(self) -> None:
        self.closed = True


class _Actor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.begin, self.judge = ("begin", name), ("judge", name)


def over(
    nodes: _Nodes, notices: list[str], tasks: tuple[Task, ...] = (PY,), settings: Any = None
) -> Cluster:
    return Cluster(cast("Link", nodes), tasks, settings or Settings(), notices.append)


async def test_a_lost_nodes_answers_are_judged_on_another() -> None:
    nodes, notices = _Nodes(("a", 2, ("3",)), ("b", 2, ("3",))), list[str]()
    async with over(nodes, notices) as judges:
        assert judges.told == "4 cores on 2 nodes"
        nodes.lose = lambda name: name == "b"
        del nodes.alive["b"]
        found = await asyncio.gather(*(judges.judge(PY, RIGHT) for _ in range(20)))
        assert {it.grade for it in found} == {Grade.PASS}
        assert judges.told == "2 cores on 1 node"
    assert nodes.asked == ["a"] * 20
    assert nodes.most <= 4
    assert notices == ["node b was lost: it died; its answers are judged on 2 cores on 1 node"]
    assert (sorted(nodes.ended), nodes.closed) == (["a", "b"], True)


async def test_an_answer_that_takes_every_node_down_is_our_fault_and_not_the_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "LOOK_S", 0.001)
    nodes = _Nodes(("a", 1, ("3",)), ("b", 1, ("3",)))
    nodes.lose = lambda name: True
    async with over(nodes, []) as judges:
        assert (await judges.judge(PY, RIGHT)).grade is Grade.INFRASTRUCTURE


async def test_a_node_that_comes_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LOOK_S", 0.001)
    nodes = _Nodes(("a", 1, ("3",)))
    async with over(nodes, []) as judges:
        nodes.alive["b"], nodes.runtimes["b"] = Node("b", "b", 3), ("3",)
        async with asyncio.timeout(30):
            while "b" not in nodes.asked:
                await asyncio.gather(*(judges.judge(PY, RIGHT) for _ in range(4)))
    assert judges.cores == 4


@pytest.mark.parametrize("is_whole", [True, False])
async def test_with_no_node_left_it_ends_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    monkeypatch.setattr(cluster, "LOOK_S", 0.001)
    monkeypatch.setattr(cluster, "WAIT_S", 0.05)
    nodes = _Nodes(("a", 1, ("3",)))
    async with over(nodes, []) as judges:
        nodes.lose = lambda name: True
        if is_whole:
            nodes.alive.clear()
        else:
            nodes.alive = {"c": Node("c", "c", 1)}
            nodes.runtimes["c"] = (Lacking("no Python", "install it"),)
        with pytest.raises(Unavailable) as told:
            await judges.judge(PY, RIGHT)
    assert "what was heard is kept" in told.value.remedy


async def test_a_task_is_judged_with_one_version_and_others_are_named() -> None:
    none = Lacking("go is missing", "install it")
    nodes = _Nodes(
        ("a", 1, ("3.11", "1.22")), ("b", 2, ("3.12", none)), ("c", 1, ("3.11", none))
    )
    notices: list[str] = []
    async with over(nodes, notices, (PY, GO)) as judges:
        versions = [(await judges.runtime(it)).version for it in (PY, GO)]
        assert versions == ["3.11", "1.22"] or versions == ["3.12", "1.22"]
        for _ in range(4):
            await judges.judge(GO, RIGHT)
        assert nodes.asked == ["a"] * 4
        await asyncio.gather(*(judges.judge(PY, RIGHT) for _ in range(4)))
        used = {"3.11": {"a", "c"}, "3.12": {"b"}}[versions[0]]
        assert set(nodes.asked[4:]) == used
    assert "node b is not used for all of go: go is missing; judged with 1.22" in notices
    assert sum("of python" in it for it in notices) == 3 - len(used)


async def test_what_no_node_can_judge_is_told_with_the_remedy() -> None:
    nodes = _Nodes(("a", 1, ("3", Lacking("go is missing", "install it"))))
    async with over(nodes, [], (PY, GO)) as judges:
        missing = await judges.unfit(GO)
        assert missing is not None
        assert (missing.what, missing.remedy) == ("go is missing", "install it")
        assert await judges.unfit(PY) is None
        assert await judges.tier() == "namespaces"


async def test_a_cluster_of_another_headgate_is_not_used() -> None:
    nodes = _Nodes(("a", 1, ("3",)))
    nodes.version = "0.0.0"
    with pytest.raises(Unavailable, match=r"has Headgate 0\.0\.0"):
        await over(nodes, []).__aenter__()
    assert (nodes.ended, nodes.closed) == (["a"], True)
