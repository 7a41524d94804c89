"""The supervisor: starts, replaces, gives up, passes signals on, and leaves nobody behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.gateway import crew, serve
from tests.shape.tree import ROOT

pytestmark = [pytest.mark.slow]

CREW = """
import json, os, sys
from headgate.gateway import crew, serve
from headgate.gateway.board import Board
from headgate.gateway.crew import Crew, Wish
play = json.loads(sys.argv[1])
crew.WAITS_S = tuple(play.get("waits", (0.0, 0.1, 0.2)))
crew.HURRY_S, crew.MARGIN_S = 0.5, play.get("margin", 5.0)
def say(**facts):
    print(json.dumps({"at": __import__("time").monotonic(), **facts}), flush=True)
def command(post):
    return [sys.executable, "-c", play["worker"], str(post), json.dumps(play)]
wish = Wish(
    play["workers"], serve.Listen(port=play.get("port", 0), drain_s=0.1), command,
    lambda ready: say(event="greeted", ready=ready),
    lambda event, facts: say(event=event, **facts),
)
try:
    sys.exit(Crew(wish, Board.create(play["workers"])).run())
except OSError as error:
    say(event="failed", message=error.strerror)
    sys.exit(9)
"""
WORKER = """
import json, os, signal, socket, sys, time
place, workers, listening, line, board = (int(part) for part in sys.argv[1].split(":"))
play, line = json.loads(sys.argv[2]), socket.socket(fileno=line)
how = play.get(str(place), "serve")
if os.path.exists(f"{play['folder']}/{place}.next"):
    how = open(f"{play['folder']}/{place}.next").read()
if how.isdigit():
    sys.exit(int(how))
if how == "crash":
    os.kill(os.getpid(), 9)
port = socket.socket(fileno=listening).getsockname()[1]
line.sendall(json.dumps({"ready": {"pid": os.getpid(), "port": port}}).encode() + b"\\n")
heard = open(f"{play['folder']}/{os.getpid()}", "a")
status = 0
for word in line.makefile("r"):
    print(word.strip(), file=heard, flush=True)
    if word == "reload\\n":
        line.sendall(json.dumps({"heard": "reloaded"}).encode() + b"\\n")
    if word == "stop\\n":
        line.sendall(json.dumps({"running": place}).encode() + b"\\n")
    if word == "stop\\n" and how != "stubborn":
        break
    if word == "hurry\\n" and how == "stubborn":
        status = 130
        break
else:
    print("alone", file=heard, flush=True)
sys.exit(status)
"""


@dataclass(frozen=True)
class Play:
    """A supervisor of stand-ins, and what it said."""

    process: subprocess.Popen[str]
    folder: Path

    def next(self, event: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event:
                return said
        pytest.fail(f"it ended ({self.process.wait()}) and never said {event}")

    def pids(self) -> list[int]:
        return [each["pid"] for each in self.next("greeted")["ready"]]

    def heard(self, pid: int, count: int = 1) -> list[str]:
        """What a worker was told, once it is that much."""
        until = time.monotonic() + 5
        words: list[str] = []
        while len(words) < count and time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError):
                words = (self.folder / str(pid)).read_text().split()
            time.sleep(0.01)
        return words


@contextlib.contextmanager
def playing(folder: Path, workers: int, **play: object) -> Iterator[Play]:
    told = {"workers": workers, "worker": WORKER, "folder": str(folder), **play}
    with subprocess.Popen(
        [sys.executable, "-c", CREW, json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield Play(process, folder)
        finally:
            process.kill()


def gone(pid: int) -> bool:
    """Has a process ended that is no child of ours."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.01)
    return False


def test_it_greets_once_when_all_are_ready_and_ends_when_told(tmp_path: Path) -> None:
    with playing(tmp_path, 3) as play:
        said = play.next("greeted")["ready"]
        assert len({each["pid"] for each in said}) == 3
        assert len({each["port"] for each in said}) == 1
        play.process.terminate()
        assert play.process.wait(5) == 0
        assert all(gone(each["pid"]) for each in said)


def test_a_dead_worker_is_replaced_at_once_and_then_after_longer_waits(tmp_path: Path) -> None:
    with playing(tmp_path, 2, waits=[0.0, 0.3, 0.6]) as play:
        pid = play.pids()[1]
        for wait in (0.0, 0.3, 0.6, 0.6):
            os.kill(pid, signal.SIGKILL)
            ended = play.next("worker_ended")
            assert ended["pid"] == pid
            assert ended["status"] == -9
            assert "was ended by SIGKILL" in ended["message"]
            started = play.next("worker_started")
            assert started["worker"] == 2
            assert wait <= started["at"] - ended["at"] < wait + 0.5
            pid = started["pid"]
        play.process.terminate()
        assert play.process.wait(5) == 0


def test_callers_wait_in_a_dead_workers_socket_for_its_successor(tmp_path: Path) -> None:
    """The stand-ins accept nobody: every caller stays in the queue it came to."""
    with playing(tmp_path, 2) as play:
        said = play.next("greeted")["ready"]
        with contextlib.ExitStack() as stack:
            callers = [
                stack.enter_context(socket.create_connection(("127.0.0.1", said[0]["port"])))
                for _ in range(16)
            ]
            os.kill(said[1]["pid"], signal.SIGKILL)
            play.next("worker_started")
            for caller in callers:
                caller.settimeout(0.01)
                with pytest.raises(TimeoutError):
                    caller.recv(1)


def test_a_first_worker_that_cannot_start_ends_it_with_its_status(tmp_path: Path) -> None:
    with playing(tmp_path, 3, **{"1": "7"}) as play:
        out, _ = play.process.communicate(timeout=5)
        assert (play.process.returncode, out) == (7, "")


def test_a_first_worker_that_crashes_is_tried_a_few_times_and_then_named(
    tmp_path: Path,
) -> None:
    with playing(tmp_path, 2, **{"1": "crash"}) as play:
        for _ in range(crew.STARTS_TRIED - 1):
            assert "SIGKILL" in play.next("worker_ended")["message"]
        said = play.next("gave_up")["message"]
        assert "no worker serves, and worker 1 was ended by SIGKILL as it started" in said
        assert play.process.wait(5) == 1


def test_one_that_cannot_start_later_is_tried_for_ever_while_others_serve(
    tmp_path: Path,
) -> None:
    with playing(tmp_path, 2, waits=[0.0, 0.05]) as play:
        _, second = play.pids()
        (tmp_path / "2.next").write_text("5")
        os.kill(second, signal.SIGKILL)
        for _ in range(crew.STARTS_TRIED + 2):
            assert play.next("worker_ended")["worker"] == 2
        (tmp_path / "2.next").write_text("serve")
        assert play.next("worker_started")["worker"] == 2
        play.process.terminate()
        assert play.process.wait(5) == 0


def test_it_gives_up_when_none_serves_and_none_can_start(tmp_path: Path) -> None:
    with playing(tmp_path, 2, waits=[0.0, 0.05]) as play:
        pids = play.pids()
        for place, pid in enumerate(pids, 1):
            (tmp_path / f"{place}.next").write_text("5")
            os.kill(pid, signal.SIGKILL)
        said = play.next("gave_up")["message"]
        assert "ended with exit status 5 as it started, 5 times in a row" in said
        assert play.process.wait(5) == 5


def test_sighup_is_passed_on_and_what_all_say_is_said_once(tmp_path: Path) -> None:
    with playing(tmp_path, 3) as play:
        pids = play.pids()
        play.process.send_signal(signal.SIGHUP)
        assert play.next("workers_reloaded")["message"] == "reloaded"
        assert [play.heard(pid) for pid in pids] == [["reload"]] * 3
        play.process.terminate()
        out, _ = play.process.communicate(timeout=5)
        assert "workers_reloaded" not in out


def test_a_second_signal_hurries_and_a_third_kills(tmp_path: Path) -> None:
    with playing(tmp_path, 2, **{"2": "stubborn"}) as play:
        first, second = play.pids()
        play.process.send_signal(signal.SIGINT)
        assert "3 running calls are finished first" in play.next("stopping")["message"]
        assert play.heard(first) == ["stop"]
        assert gone(first)
        play.process.send_signal(signal.SIGTERM)
        assert play.process.wait(5) == serve.INTERRUPTED
        assert play.heard(second, 2) == ["stop", "hurry"]


def test_a_worker_that_does_not_end_in_time_is_killed_and_that_is_said(tmp_path: Path) -> None:
    with playing(tmp_path, 2, margin=0.2, **{"2": "stubborn"}) as play:
        _, second = play.pids()
        play.process.terminate()
        assert str(second) in play.next("killed")["message"]
        assert play.process.wait(5) == 1
        assert gone(second)


def test_workers_outlive_a_killed_supervisor_by_no_more_than_a_drain(tmp_path: Path) -> None:
    with playing(tmp_path, 3) as play:
        pids = play.pids()
        play.process.kill()
        play.process.wait(5)
        assert all(gone(pid) for pid in pids)
        assert [play.heard(pid) for pid in pids] == [["alone"]] * 3


def test_a_port_in_use_is_said_even_when_another_crew_of_this_user_has_it(
    tmp_path: Path,
) -> None:
    with playing(tmp_path, 2) as play:
        port = play.next("greeted")["ready"][0]["port"]
        with playing(tmp_path, 2, port=port) as other:
            assert other.next("failed")["message"] == "Address already in use"
            assert other.process.wait(5) == 9


def test_it_sleeps_while_nothing_happens(tmp_path: Path) -> None:
    with playing(tmp_path, 2) as play:
        play.pids()

        def used() -> float:
            fields = (
                Path(f"/proc/{play.process.pid}/stat").read_text().rpartition(")")[2].split()
            )
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before = used()
        time.sleep(0.5)
        assert used() - before <= 0.02
