"""What a warden is asked for: walls, limits, an environment without ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox import wish
from headgate.sandbox.container import Engine
from headgate.sandbox.model import Isolation, Limits, Order, Runtime, Step, Tree
from headgate.sandbox.worker import lodger
from headgate.sandbox.workfolder import ENTRIES, WorkFolder

PYTHON = Runtime("python", "3", "python", trees=(Tree("/opt/x", "/opt/x"),))
LIMITS = Limits(wall_s=3.0, memory_mb=100, disk_mb=7, inodes=50, open_files=9, file_mb=2)
RUN = Step("run", ("a", "b"), python="main.py", env=(("KEY", "own"),))


class About(NamedTuple):
    runtime: Runtime = PYTHON
    walls: Isolation = Isolation("landlock")
    engine: Engine | None = None


HERE = About()


def asked(
    tmp_path: Path, about: About = HERE, step: Step = RUN, *, is_session: bool = False
) -> dict[str, object]:
    order = Order(about.runtime, (step,), limits=LIMITS)
    return wish.wish_of(about, WorkFolder(tmp_path, 0), step, order, is_session=is_session)


def test_a_step_has_walls_limits_and_its_own_variables(tmp_path: Path) -> None:
    said = asked(tmp_path)
    assert said["walls"] is True
    assert said["watch"] == {
        "memory_bytes": 100 << 20,
        "disk_bytes": 7 << 20,
        "inodes": 50 + ENTRIES,
        "cpu_s": 4,
    }
    assert isinstance(said["limits"], dict)
    assert said["limits"]["open_files"] == 9
    assert said["limits"]["cpu_s"] == 4
    assert isinstance(said["env"], dict)
    assert said["env"]["KEY"] == "own"
    assert set(said["env"]) & {"HEADGATE_HOME", "SSH_AUTH_SOCK", "PYTHONPATH"} == set()
    assert isinstance(said["read"], list)
    assert "/opt/x" in said["read"]


def test_a_program_that_reserves_memory_is_watched_and_not_held(tmp_path: Path) -> None:
    node = Runtime("javascript", "20", "program", reserves=True)
    said = asked(tmp_path, About(node), Step("run", ("node", "a.js")))
    assert isinstance(said["limits"], dict)
    assert said["limits"]["memory_bytes"] == 0
    assert said["argv"] == ["node", "a.js"]


def test_a_sessions_time_is_counted_by_cell_and_not_by_process(tmp_path: Path) -> None:
    said = asked(tmp_path, is_session=True)
    assert isinstance(said["limits"], dict)
    assert isinstance(said["watch"], dict)
    assert said["limits"]["cpu_s"] > 86_400
    assert said["watch"]["cpu_s"] == 0


def test_in_a_container_paths_are_its_own_and_the_engine_holds_the_limits(
    tmp_path: Path,
) -> None:
    about = About(walls=Isolation("container"), engine=Engine("podman"))
    said = asked(tmp_path, about, is_session=True)
    assert isinstance(said["argv"], list)
    assert said["argv"][:2] == ["podman", "run"]
    assert f"--env={lodger.LINE}=/box/.tmp/line" in said["argv"]
    assert "--env=OUTPUT_DIR=/box/output" in said["argv"]
    assert (said["limits"], said["uid"], said["walls"]) == ({}, 0, False)
    assert said["stop"]


def test_python_code_runs_though_none_of_our_files_can_be_read(tmp_path: Path) -> None:
    """What runs it comes along as text."""
    (tmp_path / "main.py").write_text("import sys\nprint(sys.argv, __name__, sys.path[0])\n")
    done = subprocess.run(
        [sys.executable, "-I", "-c", wish._bundle(), "main.py", "a"],
        cwd=tmp_path,
        env={"OUTPUT_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"['main.py', 'a'] __main__ {tmp_path}\n"
