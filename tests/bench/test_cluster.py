"""Judging on a cluster gives what judging here gives, whatever becomes of its nodes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
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
from tests.e2e.street import HEADGATE, HOUSE_KEYS, outside_env, started
from tests.kit import HEARS_CTRL_C
from tests.servers import children, free_port

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


# A real one: two node processes with addresses of their own on loopback.

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not here: pip install -e .[dev]")
HEAD, SECOND = "127.0.0.2", "127.0.0.3"
UP_S, RUN_S, GONE_S = 180.0, 240.0, 60.0
MODELS, TASKS, SAMPLES, KILLED_AT = ("claude-sonnet-5-5", "gpt-6.1-sol"), 5, 10, 25
TASK = """language = "python"
timeout_s = 60
prompt = "Task {n}: write times{n}(x), which multiplies by {n}."
reference = '''
def times{n}(x):
    return x * {n}
'''
tests = '''
from solution import times{n}

def test_it():
    assert times{n}(30) == 30 * {n}
'''
[[mutants]]
why = "adds"
swap = ["x * {n}", "x + {n}"]
"""
CONFIG = """
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
[providers.openai]
base_url = "{sim}/v1"
api_key = "env:HOUSE_OPENAI"
"""


def until(what: Callable[[], object], most_s: float) -> None:
    end = time.monotonic() + most_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def below(pid: int) -> dict[int, str]:
    """A process and all that it has started, by id and name."""
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    for child in children(pid):
        found |= below(child)
    return found


def is_gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


class _Ground:
    """Two nodes, tasks, and a simulator that answers them."""

    def __init__(self, folder: Path, temp: Path) -> None:
        self.folder, self.temp = folder, temp
        home = {"HOME": str(folder), "HEADGATE_HOME": str(folder / "s")}
        self.env = outside_env() | HOUSE_KEYS | home
        self.nodes: list[subprocess.Popen[bytes]] = []
        self.begun: list[subprocess.Popen[str]] = []
        self.gcs, self.client = free_port(), free_port()

    def node(self, address: str, *words: str) -> subprocess.Popen[bytes]:
        ray = Path(sys.executable).with_name("ray")
        asked = [str(ray), "start", "--block", f"--node-ip-address={address}", "--num-cpus=1"]
        frugal = ["--object-store-memory=80000000", "--include-log-monitor=false"]
        command = [*asked, *frugal, "--disable-usage-stats", f"--temp-dir={self.temp}"]
        with (self.temp / f"{address}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *words],
                env={**self.env, "RAY_USAGE_STATS_ENABLED": "0"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.nodes.append(process)
        return process

    def is_up(self, address: str) -> bool:
        return b"Ray runtime started" in (self.temp / f"{address}.log").read_bytes()

    def begin(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*HEARS_CTRL_C, str(HEADGATE), "bench", *words],
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.begun.append(process)
        return process

    def run(self, out: str, *words: str) -> subprocess.Popen[str]:
        asked = [word for model in MODELS for word in ("--model", model)]
        given = ("--config", "headgate.toml", "--tasks", "tasks", "--samples", str(SAMPLES))
        return self.begin("run", *asked, *given, "--no-cache", "--out", out, *words)

    def heard(self, out: str) -> int:
        with contextlib.suppress(OSError):
            journal = (self.folder / out).with_suffix(".journal")
            return journal.read_bytes().count(b'"judged_ms":')
        return 0

    def graded(self, out: str) -> dict[tuple[str, str, int], str]:
        told = json.loads((self.folder / out).read_text())["run"]["samples"]
        return {(it["arm"], it["task"], it["sample"]): it["verdict"] for it in told}

    def seats(self, node: subprocess.Popen[bytes]) -> list[int]:
        return [pid for pid, name in below(node.pid).items() if name.startswith("ray::Seat")]

    def end(self) -> None:
        for process in self.begun:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.end_nodes()

    def end_nodes(self) -> None:
        ours = [pid for it in self.nodes for pid in below(it.pid)]
        for it in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(it.pid, signal.SIGKILL)
            it.wait()
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: all(map(is_gone, ours)), GONE_S)
        self.nodes.clear()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Ground]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "tasks").mkdir()
    for n in range(2, 2 + TASKS):
        (folder / "tasks" / f"t{n}.toml").write_text(TASK.format(n=n))
    with tempfile.TemporaryDirectory(prefix="hgray", ignore_cleanup_errors=True) as temp:
        ground = _Ground(folder, Path(temp))  # Ray's sockets bear no long names
        try:
            ports = (f"--port={ground.gcs}", f"--ray-client-server-port={ground.client}")
            ground.node(HEAD, "--head", "--include-dashboard=false", *ports)
            until(lambda: answers(ground.gcs), UP_S)
            ground.node(SECOND, f"--address={HEAD}:{ground.gcs}")
            words = ("answers", "book.json", "--tasks", "tasks")
            rates = ("--rate", "claude-*=0.8,broken=0.5", "--rate", "gpt-*=0.5")
            made = ground.begin(*words, *rates)
            _, said = made.communicate(timeout=60)
            assert made.returncode == 0, said
            command = ["sim", "--port", "0", "--seed", "3", "--answers", "book.json"]
            with started(command, ground.env, folder) as sim:
                (folder / "headgate.toml").write_text(CONFIG.format(sim=sim["url"]))
                until(lambda: answers(ground.client) and ground.is_up(SECOND), UP_S)
                yield ground
        finally:
            ground.end()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HEAD, port), 1):
        return True
    return False


@needs_ray
@pytest.mark.slow
@pytest.mark.e2e
def test_with_a_node_killed_in_the_middle_all_is_graded_as_it_is_here(ground: _Ground) -> None:
    local = ground.run("here.json")
    far = ground.run("far.json", "--on", f"ray://{HEAD}:{ground.client}")
    second = ground.nodes[1]
    until(lambda: ground.heard("far.json") >= KILLED_AT or far.poll() is not None, RUN_S)
    theirs = below(second.pid)
    assert ground.seats(second), "it judged on both nodes"
    raylet = next(pid for pid, name in theirs.items() if "raylet/raylet " in name)
    os.kill(raylet, signal.SIGKILL)
    _, said = far.communicate(timeout=RUN_S)
    assert far.returncode == 0, said
    assert f"({SECOND}) was lost: " in said
    assert "its answers are judged on 1 core on 1 node" in said
    _, told = local.communicate(timeout=RUN_S)
    assert local.returncode == 0, told
    found = ground.graded("far.json")
    assert found == ground.graded("here.json")
    assert len(found) == len(MODELS) * TASKS * SAMPLES
    assert {"pass", "wrong"} <= set(found.values())
    until(lambda: all(map(is_gone, theirs)), GONE_S)  # the node, its seat, and all cells
    until(lambda: not ground.seats(ground.nodes[0]), GONE_S)


@needs_ray
@pytest.mark.slow
@pytest.mark.e2e
def test_ctrl_c_leaves_nothing_on_a_node(ground: _Ground) -> None:
    head = ground.nodes[0]
    process = ground.run("stopped.json", "--on", f"{HEAD}:{ground.gcs}")
    until(lambda: ground.heard("stopped.json") or process.poll() is not None, RUN_S)
    seats = [pid for seat in ground.seats(head) for pid in below(seat)]
    assert seats
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=RUN_S)
    assert process.returncode == 130, said
    assert "the same command goes on from there" in said
    until(lambda: all(map(is_gone, seats)), GONE_S)


@needs_ray
@pytest.mark.soak
@pytest.mark.e2e
def test_a_cluster_that_is_lost_ends_a_run_that_goes_on_without_it(ground: _Ground) -> None:
    words = ("--on", f"ray://{HEAD}:{ground.client}")
    process = ground.run("lost.json", *words)
    until(lambda: ground.heard("lost.json") or process.poll() is not None, RUN_S)
    ground.end_nodes()
    _, said = process.communicate(timeout=RUN_S)
    assert process.returncode == 1, said
    assert "the cluster does not answer any more" in said
    assert not (ground.folder / ".ray").exists()  # Ray would start one of its own
    again = ground.run("lost.json")
    _, said = again.communicate(timeout=RUN_S)
    assert again.returncode == 0, said
    assert "going on where it ended" in said
