"""On a real cluster of two nodes all is graded as it is here, whatever is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.sandbox.database import tender
from tests.e2e import grounds
from tests.e2e.grounds import MODELS, Ground
from tests.e2e.nodes import GONE_S, HEAD, SECOND, Nodes, below, is_gone, until
from tests.servers import POSTGRES_MISSING, found

HAS_RAY = importlib.util.find_spec("ray") is not None
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not HAS_RAY, reason="Ray is not here: pip install -e .[dev]"),
]
RUN_S = 240.0
TASKS, SAMPLES, KILLED_AT = 5, 10, 25
RATES = ("claude-*=0.8,broken=0.5", "gpt-*=0.5")
WITH_DATABASE = """language = "python"
packages = ["psycopg"]
database = "postgresql"
timeout_s = 60
prompt = "Task {n}: write times{n}(x), which multiplies by {n}."
setup_sql = "CREATE TABLE kept (number int PRIMARY KEY)"
reference = '''
import psycopg

def times{n}(x):
    with psycopg.connect() as link:
        link.execute("INSERT INTO kept VALUES (%s)", (x,))
        return link.execute("SELECT {n} * number FROM kept").fetchone()[0]
'''
tests = '''
import psycopg
import pytest
from solution import times{n}

def test_it():
    assert times{n}(30) == 30 * {n}
    with pytest.raises(psycopg.errors.UniqueViolation):
        times{n}(30)
'''
[[mutants]]
why = "adds"
swap = ["{n} * number", "{n} + number"]
"""

Far = tuple[Ground, Nodes]


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """A ground, and two nodes that judge what is asked there."""
    more = "timeout_s = 60\n"
    ground = grounds.laid(tmp_path_factory.mktemp("cluster"), TASKS, SAMPLES, more)
    with tempfile.TemporaryDirectory(prefix="hgray", ignore_cleanup_errors=True) as temp:
        nodes = Nodes(Path(temp), ground.env)
        try:
            nodes.start()
            with grounds.answered(ground, RATES) as ground:
                nodes.await_up()
                yield ground, nodes
        finally:
            nodes.end()


@pytest.fixture
def begin(far: Far) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        begun.append(far[0].begin("--no-cache", *words))
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.communicate()


Begin = Callable[..., subprocess.Popen[str]]


def ended(process: subprocess.Popen[str]) -> str:
    """What a run said that ended well."""
    _, said = process.communicate(timeout=RUN_S)
    assert process.returncode == 0, said
    return said


def graded(ground: Ground, out: str) -> dict[tuple[str, str, int], str]:
    told = ground.samples(out)
    return {(it["arm"], it["task"], it["sample"]): it["verdict"] for it in told}


@pytest.mark.slow
def test_with_a_node_killed_in_the_middle_all_is_graded_as_it_is_here(
    far: Far, begin: Begin
) -> None:
    ground, nodes = far
    local, there = begin("--out", "here.json"), begin("--out", "far.json", "--on", nodes.link)
    second = nodes.all[1]
    ground.until("far.json", KILLED_AT, there, RUN_S)
    theirs = below(second.pid)
    assert nodes.seats(second), "it judged on both nodes"
    raylet = next(pid for pid, name in theirs.items() if "raylet/raylet " in name)
    os.kill(raylet, signal.SIGKILL)
    said = ended(there)
    assert f"({SECOND}) was lost: " in said
    assert "its answers are judged on 1 core on 1 node" in said
    ended(local)
    found = graded(ground, "far.json")
    assert found == graded(ground, "here.json")
    assert len(found) == len(MODELS) * TASKS * SAMPLES
    assert {"pass", "wrong"} <= set(found.values())
    until(lambda: all(map(is_gone, theirs)), GONE_S)  # the node, its seat, and all cells
    until(lambda: not nodes.seats(nodes.all[0]), GONE_S)


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_on_a_node(far: Far, begin: Begin) -> None:
    ground, nodes = far
    process = begin("--out", "stopped.json", "--on", f"{HEAD}:{nodes.gcs}")
    ground.until("stopped.json", 1, process, RUN_S)
    judging = nodes.judging()
    assert judging
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=RUN_S)
    assert process.returncode == 130, said
    assert "the same command goes on from there" in said
    until(lambda: all(map(is_gone, judging)), GONE_S)


@pytest.mark.soak
def test_a_command_that_was_killed_leaves_nothing_there_and_goes_on(
    far: Far, begin: Begin
) -> None:
    """With databases: of them, too, nothing stays on a node."""
    ground, nodes = far
    if not found("postgres"):
        pytest.skip(POSTGRES_MISSING)
    (ground.folder / "kept").mkdir()
    for n in range(2, 2 + TASKS):
        (ground.folder / "kept" / f"t{n}.toml").write_text(WITH_DATABASE.format(n=n))
    words = ("--tasks", "kept", "--samples", "2", "--on", nodes.link)
    process = begin("--out", "killed.json", *words)
    ground.until("killed.json", 4, process, RUN_S)
    judging = nodes.judging()
    assert judging, process.communicate()
    assert left(nodes)
    process.kill()
    process.communicate()
    until(lambda: not nodes.judging() and all(map(is_gone, judging)), GONE_S)
    until(lambda: not left(nodes), GONE_S)
    assert "going on where it ended" in ended(begin("--out", "killed.json", *words))
    ended(begin("--out", "peace.json", *words[:-2]))
    assert graded(ground, "killed.json") == graded(ground, "peace.json")
    until(lambda: not left(nodes), GONE_S)


def left(nodes: Nodes) -> list[Any]:
    """Databases that stand on a node."""
    return list(nodes.temp.glob(f"{tender.PREFIX}*"))


@pytest.mark.soak
def test_a_cluster_that_is_lost_ends_a_run_that_goes_on_without_it(
    far: Far, begin: Begin
) -> None:
    ground, nodes = far
    process = begin("--out", "lost.json", "--on", nodes.link)
    ground.until("lost.json", 1, process, RUN_S)
    nodes.end()
    _, said = process.communicate(timeout=RUN_S)
    assert process.returncode == 1, said
    assert "the cluster does not answer any more" in said
    assert not (ground.folder / ".ray").exists()  # Ray would start one of its own
    assert "going on where it ended" in ended(begin("--out", "lost.json"))
