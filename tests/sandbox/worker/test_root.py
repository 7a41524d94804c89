"""A cell sees what is named and nothing else of the machine."""

from __future__ import annotations

import os
from pathlib import Path

from headgate.sandbox.model import Tree
from headgate.sandbox.worker import first, root
from tests.sandbox.yard import shell, worker

TMP = first.ENV["TMPDIR"]


async def test_nothing_of_the_host_is_seen_that_is_not_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    places = f"{secret.parent} {Path.home()} /home /var /sys /run"
    ask = f"ls /; echo; ls /etc; echo; ls /dev; echo; ls {places}; :"
    async with worker() as foreman:
        result = await shell(foreman, ask)
    assert "secret" not in result.stdout
    top, etc, dev = (set(it.split()) for it in result.stdout.split("\n\n")[:3])
    assert {"box", "usr", "tmp"} <= top
    assert not {"home", "sys", "run", "boot", "mnt"} & top
    assert "shadow" not in etc
    known = {*root.DEVICES, "fd", "shm", "stdin", "stdout", "stderr"}
    assert dev <= known


async def test_no_tree_can_be_written_and_no_setuid_program_raises_anybody() -> None:
    async with worker() as foreman:
        result = await shell(
            foreman,
            "for it in / /usr /etc /dev /proc/sys; do touch $it/x && echo wrote $it; done;"
            "grep -c nosuid /proc/self/mounts; grep -vc nosuid /proc/self/mounts; :",
        )
    _, without = result.stdout.split()
    assert int(without) <= len(root.DEVICES) + 1  # device nodes, and the /proc below our own


async def test_a_tree_below_tmp_is_there_though_each_cell_has_a_tmp_of_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("lent")
    os.chmod(tmp_path, 0o755)  # noqa: S103 - an empty folder of the test
    target = f"{TMP}/lent/tree"
    async with worker(trees=(Tree(str(tmp_path), target),)) as foreman:
        ask = f"cat {target}/file; touch {target}/new || echo no; > $TMPDIR/mine"
        result = await shell(foreman, ask)
    assert (result.stdout, result.exit_code) == ("lentno\n", 0)


def test_trees_that_a_cells_own_files_cover_are_known() -> None:
    trees = [("/a", f"{TMP}/x"), ("/b", "/usr/lib"), ("/c", "/box/y"), ("/d", f"{TMP}x")]
    assert root.covered(trees) == [f"{TMP}/x", "/box/y"]
