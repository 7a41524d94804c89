"""headgate exec: the words it takes, what it refuses, and one real run of each kind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from tests.kit import HEARS_CTRL_C

CSV = "month,sales\nJan,10\nFeb,14\nMar,9\n"


def typed(*words: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["exec", *words], input=stdin)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code.py").write_text("print('ran')\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        ((), "there is nothing to run", "name a file, or - for stdin"),
        (("gone.py",), "gone.py: there is no such file", "--help shows an example"),
        ((".",), "it is no regular file", "--help shows an example"),
        (("code.py", "-l", "pyton"), "unknown language 'pyton'", "did you mean python?"),
        (("data.xyz",), "no language has files that end in '.xyz'", "--language python"),
        (("binary.py",), "is no text in UTF-8", "give data by --file"),
        (("zero.py",), "it has zero bytes", "give data by --file"),
        (("huge.py",), "huge.py has 10,000 MB", "give data by --file"),
        (("code.py", "--file", "huge.py"), "huge.py has 10,000 MB", "give a part of it"),
        (
            ("code.py", "--file", "a=code.py", "--file", "a=data.xyz"),
            "two files are called a",
            "",
        ),
        (("code.py", "--wall", "soon"), "--wall soon: is no time", "write 30s"),
        (("code.py", "--memory", "lots"), "--memory lots: is no size", "512MB or 2GB"),
        (("code.py", "--tier", "none"), "contains nothing", "add --i-understand"),
        (("-", "--stdin"), "stdin is the code already", "--file"),
        (("code.py", "--checkpoint", "s"), "no", "say --chunks FILE"),
        (("code.py", "--chunks", "9", "--on", "openai"), "slices are run here", "leave out"),
    ],
    ids=lambda it: " ".join(it)[:40] if isinstance(it, tuple) else "",
)
def test_a_mistake_is_named_with_its_remedy(
    folder: Path, words: tuple[str, ...], what: str, remedy: str
) -> None:
    (folder / "data.xyz").write_text("1")
    (folder / "binary.py").write_bytes(b"\xff\xfe\x00\x80" * 9)
    (folder / "zero.py").write_bytes(b"print(1)\0")
    with (folder / "huge.py").open("wb") as file:
        file.truncate(10_000_000_000)
    found = typed(*words)
    assert found.exit_code == 2
    assert what in found.stderr
    assert remedy in found.stderr
    assert found.stdout == ""


@pytest.mark.slow
def test_code_prints_takes_words_and_ends_with_its_own_exit_code(folder: Path) -> None:
    (folder / "code.py").write_text(
        "import sys\nprint(sys.argv[1:], open('name.txt').read(), sys.stdin.read())\n"
        "print('careful', file=sys.stderr)\nsys.exit(7)\n"
    )
    (folder / "data").write_text("inside")
    found = typed("code.py", "-f", "name.txt=data", "--stdin", "--", "--top", "3", stdin=b"fed")
    assert found.exit_code == 7, found.output
    assert found.stdout == "['--top', '3'] inside fed\n"
    assert found.stderr == "careful\n"


@pytest.mark.slow
def test_a_limit_is_told_with_what_to_do_and_what_was_printed_stays() -> None:
    code = b"print('begun', flush=True)\nwhile True: pass\n"
    found = typed("-", "--wall", "1s", stdin=code)
    assert found.exit_code == 124
    assert found.stdout == "begun\n"
    assert "Error: it ran out of time" in found.stderr
    assert "--chunks" in found.stderr


@pytest.mark.slow
def test_json_is_one_document_with_the_tier_that_contained_it(folder: Path) -> None:
    found = typed("code.py", "--json")
    told = json.loads(found.stdout)
    assert (told["status"], told["stdout"], told["exit_code"]) == ("ok", "ran\n", 0)
    assert told["isolation"]["tier"] in ("namespaces", "landlock")
    assert told["isolation"]["seccomp"] is True


@pytest.mark.slow
def test_what_code_leaves_is_written_into_the_folder_named(folder: Path) -> None:
    code = b"import os\nopen(os.environ['OUTPUT_DIR'] + '/a.txt', 'w').write('left')\n"
    found = typed("-", "--out", "made/here", stdin=code)
    assert found.exit_code == 0, found.output
    assert (folder / "made" / "here" / "a.txt").read_text() == "left"
    assert "made/here/a.txt  text/plain, 4 bytes" in found.stderr


@pytest.mark.slow
def test_a_large_file_is_worked_through_in_slices(folder: Path) -> None:
    (folder / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(1000)))
    (folder / "sum.py").write_text(
        "import csv\nprint(sum(int(row['n']) for row in csv.DictReader(open('rows.csv'))))\n"
    )
    found = typed("sum.py", "--chunks", "rows.csv", "--chunk-rows", "300")
    assert found.exit_code == 0, found.output
    sums = [int(line) for line in found.stdout.splitlines()]
    assert len(sums) == 4
    assert sum(sums) == sum(range(1000))
    assert "4 slices of at most 300 rows, 1,000 in all" in found.stderr


@pytest.mark.slow
def test_a_chart_is_drawn_from_a_csv_in_one_line(folder: Path) -> None:
    for name in ("pandas", "matplotlib"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install headgate[sci]")
    (folder / "sales.csv").write_text(CSV)
    code = b'import pandas as pd; pd.read_csv("sales.csv").plot(x="month", kind="bar")'
    found = typed("-", "-f", "sales.csv", stdin=code)
    assert found.exit_code == 0, found.output
    (figure,) = (folder / "output").iterdir()
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.e2e
def test_ctrl_c_ends_the_run_and_leaves_nothing(folder: Path) -> None:
    code = "import os, time\nprint('begun', flush=True)\ntime.sleep(600)\n"
    (folder / "code.py").write_text(code)
    run = subprocess.Popen(
        [*HEARS_CTRL_C, sys.executable, "-m", "headgate", "exec", "code.py", "--wall", "60s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ},
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"begun\n"
    begun = _children(run.pid)
    assert begun
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=20)
    assert run.returncode == 130, told
    assert b"Traceback" not in told
    until = time.monotonic() + 5
    while left := [pid for pid in begun if _lives(pid)]:
        assert time.monotonic() < until, left
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found
