"""Python code with an interpreter of its own: the same as a forked child does for it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.worker import lodger

_TOP = str(Path(lodger.__file__).parents[3])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from headgate.sandbox.worker.lodger import main; main(sys.argv[1:])"
)
COMMAND = [sys.executable, "-I", "-c", _BOOT, _TOP]


def run(box: Path, code: str) -> subprocess.CompletedProcess[str]:
    (box / "main.py").write_text(code)
    env = {"OUTPUT_DIR": str(box / "output"), lodger.TOLD: str(box / "told")}
    (box / "output").mkdir()
    return subprocess.run(
        [*COMMAND, "main.py", "x"],
        cwd=box,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_limit_that_code_ran_into_is_written_down(tmp_path: Path) -> None:
    done = run(tmp_path, "raise MemoryError('all gone')")
    assert done.returncode == 1
    assert done.stderr.endswith("MemoryError: all gone\n")
    assert (tmp_path / "told").read_text() == "memory"


def test_what_does_not_compile_was_not_run(tmp_path: Path) -> None:
    done = run(tmp_path, "print('ran')\nx = = 1\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert (tmp_path / "told").read_text() == "build"


def test_an_end_of_its_own_says_no_more_and_no_variable_of_ours_is_seen(tmp_path: Path) -> None:
    done = run(tmp_path, "import os, sys; print([*os.environ], sys.argv); sys.exit(3)")
    assert done.returncode == 3
    assert not (tmp_path / "told").exists()
    assert "HEADGATE" not in done.stdout
    assert "['main.py', 'x']" in done.stdout


@pytest.mark.slow
def test_a_session_is_reached_at_a_socket_where_no_descriptor_can_be_handed_on(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "line"))
        door.listen(1)
        door.settimeout(20)
        with subprocess.Popen(COMMAND, cwd=tmp_path, env={lodger.LINE: "line"}) as kernel:
            line, _ = door.accept()
            with line, line.makefile("rw") as talk:
                for code, value in (("x = 20", None), ("x + 1", "21")):
                    talk.write(json.dumps({"code": code}) + "\n")
                    talk.flush()
                    assert json.loads(talk.readline())["value"] == value
            assert kernel.wait(20) == 0
