"""A worker takes an unprivileged uid before anything else, and dies with its parent."""

from __future__ import annotations

import os
from pathlib import Path

from tests.sandbox.yard import worker


async def test_no_process_of_a_worker_is_root_outside_nor_holds_our_environment() -> None:
    os.environ["PLANTED"] = "1"
    async with worker() as foreman:
        assert foreman._process is not None
        _check(foreman._process.pid)
    del os.environ["PLANTED"]


def _check(launcher: int) -> None:
    tree = _tree(launcher)
    assert len(tree) == 4  # launcher, keeper, spawner, zygote
    for pid in tree:
        status = Path(f"/proc/{pid}/status").read_text()
        uids = {int(it) for it in status.partition("Uid:")[2].partition("\n")[0].split()}
        assert 0 not in uids
        assert b"PLANTED" not in Path(f"/proc/{pid}/environ").read_bytes()
        groups = status.partition("Groups:")[2].partition("\n")[0].split()
        assert os.geteuid() or not groups


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(it for child in children for it in _tree(int(child)))]
