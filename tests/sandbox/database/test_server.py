"""A server is private, does not run as root, and goes however the one that started it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headgate.sandbox.database import server, tender
from headgate.sandbox.database.server import Server
from headgate.sandbox.model import Unavailable
from tests.servers import POSTGRES_MISSING, children, found

STARTS = """
import json, os, sys
from headgate.sandbox.database import server
it = server.start()
print(it.folder, it.process.pid, flush=True)
sys.stdin.read()
"""
PATIENCE_S = 60.0


def postmaster(folder: Path) -> int:
    return int((folder / tender.DATA / "postmaster.pid").read_text().split()[0])


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def waited(until: str, pids: tuple[int, ...], folder: Path | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not all(map(is_gone, pids)) or (folder is not None and folder.exists()):
        assert time.monotonic() < deadline, until
        time.sleep(0.01)


def test_it_listens_nowhere_but_in_a_private_folder_and_is_not_run_by_root(
    database_server: Server,
) -> None:
    folder = Path(database_server.folder)
    pid = postmaster(folder)
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    uids = next(it for it in status if it.startswith("Uid:")).split()[1:]
    assert "0" not in uids
    sockets = {os.readlink(it) for it in Path(f"/proc/{pid}/fd").iterdir() if it.is_symlink()}
    tables = (Path(f"/proc/{pid}/net/{it}").read_text() for it in ("tcp", "tcp6"))
    listed = {f"socket:[{row.split()[9]}]" for it in tables for row in it.splitlines()[1:]}
    assert not sockets & listed
    assert Path(database_server.socket).stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["alone", "with its children", "with who stands by it"])
def test_nothing_is_left_when_the_run_is_killed(killed: str) -> None:
    """If who stands by it is killed too, the next start takes the folder away."""
    if not found("postgres"):
        pytest.skip(POSTGRES_MISSING)
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin is not None
    assert run.stdout is not None
    with run.stdin, run.stdout:
        name, number = run.stdout.readline().split()
        folder, child = Path(name), int(number)
        serving = postmaster(folder)
        (standing,) = children(child)
        also = {"with its children": (child,), "with who stands by it": (child, standing)}
        for pid in also.get(killed, ()):
            os.kill(pid, signal.SIGKILL)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    is_left = killed == "with who stands by it"
    waited("it lives on", (child, standing, serving), None if is_left else folder)
    assert folder.exists() == is_left
    tender.sweep(folder.parent.stat().st_mtime)
    assert not folder.exists()


def test_a_machine_without_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="not installed") as told:
        server.start()
    assert "postgresql" in told.value.remedy


def test_one_that_cannot_start_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(server, "PLACES", ())
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    with pytest.raises(Unavailable, match="no database could be started"):
        server.start()
    assert list(place.iterdir()) == []
