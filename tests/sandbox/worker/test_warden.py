"""The warden: what it counts, and that nothing it watched over lives on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headgate.sandbox.worker import warden


def test_a_folder_is_counted_in_bytes_and_entries(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(bytes(100_000))
    (tmp_path / "link").symlink_to("/")
    size, files = warden._counted(str(tmp_path), 100)
    assert 100_000 <= size < 200_000
    assert files == 3


def test_a_sparse_file_counts_for_what_it_takes(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(50 << 30)
    assert warden._counted(str(tmp_path), 100)[0] < 1 << 20


def test_folders_nested_too_deep_count_as_too_many(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(warden.DEPTH + 2):
        here = here / "d"
    here.mkdir(parents=True)
    assert warden._counted(str(tmp_path), 500)[1] == 501


def test_counting_ends_where_it_is_enough(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "x").write_text("")
    assert 20 < warden._counted(str(tmp_path), 20)[1] <= 61


@pytest.mark.slow
def test_every_descendant_is_seen_and_killed() -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True)\ntime.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    child.stdout.close()
    below = list(warden._below(child.pid))
    assert grandchild in below
    assert warden._resident([child.pid, *below]) > 4 << 20
    assert warden._proportional([child.pid]) > 1 << 20
    warden._kill_all(child.pid)
    end = time.monotonic() + 5
    while warden._lives(grandchild) and time.monotonic() < end:
        time.sleep(0.005)
    assert not warden._lives(grandchild)
    assert warden._lives(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()


def test_a_process_that_is_gone_does_not_live() -> None:
    assert warden._lives(os.getpid())
    assert not warden._lives(2**22 + 1)
