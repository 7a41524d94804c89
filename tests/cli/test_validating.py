"""`headgate validate run`: real files, real tools, the real sandbox where there is one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.sandbox.model import Order, Unavailable
from headgate.sandbox.model import Result as SandboxResult
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from tests.kit import HEARS_CTRL_C

GOOD = 'def add(a: int, b: int) -> int:\n    """Sum."""\n    return a + b\n'
BAD = "import os\ndef add(a: int, b: int) -> str:\n    return a+b\n"


def _gap() -> str:
    async def enter() -> None:
        async with Sandbox(Settings(spares=0)):
            pass

    try:
        asyncio.run(enter())
    except Unavailable as error:
        return f"no sandbox on this machine: {error.what}; {error.remedy}"
    return ""


GAP = _gap()
contained = pytest.mark.skipif(bool(GAP), reason=GAP)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def typed(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["validate", *words], input=stdin)


@contained
@pytest.mark.slow
def test_a_good_file_passes_is_remembered_and_then_needs_no_sandbox(here: Path) -> None:
    (here / "good.py").write_text(GOOD)
    words = ("good.py", "--only", "python-syntax,ruff,ruff-format,mypy", "--json")
    first = typed(*words)
    assert first.exit_code == 0, first.output
    made = json.loads(first.stdout)
    assert {it["check"]: it["state"] for it in made["verdicts"]} == {
        "python-syntax": "passed",
        "ruff": "passed",
        "ruff-format": "passed",
        "mypy": "passed",
    }
    again = json.loads(typed(*words).stdout)
    assert again["isolation"] == ""
    assert again["counts"]["cached"] == 4


@contained
@pytest.mark.slow
def test_findings_are_told_in_every_form_and_fail_twice_means_a_person(here: Path) -> None:
    (here / "bad.py").write_text(BAD)
    out = ("--junit", "out/j.xml", "--sarif", "out/s.sarif", "--github")
    words = ("bad.py", "--only", "python-syntax,ruff", "--state", "state.jsonl")
    first = typed(*words, *out)
    assert first.exit_code == 1, first.output
    assert "bad.py:1:8: `os` imported but unused [ruff F401]" in first.stdout
    assert "::error file=bad.py,line=1" in first.stdout
    assert first.stdout.startswith("::stop-commands::")
    cases = ElementTree.parse(here / "out" / "j.xml").findall(".//failure")  # noqa: S314 - ours
    assert len(cases) == 1
    runs = json.loads((here / "out" / "s.sarif").read_bytes())["runs"]
    assert sum(len(it["results"]) for it in runs) >= 1
    (here / "bad.py").write_text(BAD + "\n\nimport json\n")
    assert "needs-human-review: 2 attempts" in typed(*words).stdout


@contained
@pytest.mark.slow
def test_given_tests_and_packs_decide_by_what_the_judge_saw(here: Path) -> None:
    (here / "sol.py").write_text("import os\n\n\ndef add(a, b):\n    os._exit(0)\n")
    (here / "test_sol.py").write_text(
        "from sol import add\n\n\ndef test_it():\n    assert add(1, 2) == 3\n"
    )
    words = ("sol.py", "--only", "tests", "--tests", "test_sol.py")
    assert typed(*words).exit_code == 1
    (here / "sol.py").write_text("def add(a, b):\n    return a + b\n")
    passed = typed(*words)
    assert passed.exit_code == 0, passed.output


@contained
@pytest.mark.slow
def test_a_test_that_hangs_at_its_end_is_ended_and_says_so(here: Path) -> None:
    (here / "sol.py").write_text(
        "import atexit\nimport time\n\natexit.register(time.sleep, 60)\n\n\n"
        "def add(a, b):\n    while True:\n        pass\n"
    )
    (here / "test_sol.py").write_text(
        "from sol import add\n\n\ndef test_it():\n    assert add(1, 2) == 3\n"
    )
    words = ("sol.py", "--only", "tests", "--tests", "test_sol.py", "--timeout", "2")
    result = typed(*words)
    assert result.exit_code == 1, result.output
    assert "wall" in result.stdout


@contained
@pytest.mark.slow
def test_garbage_and_names_that_lie_are_told_apart_from_what_is_sound(here: Path) -> None:
    (here / "elf.py").write_bytes(b"\x7fELF\0\0")
    (here / "two\nlines\u202e.py").write_text("def f(:\n")
    (here / "good.py").write_text(GOOD)
    result = typed("elf.py", "two\nlines\u202e.py", "good.py", "--only", "python-syntax")
    assert result.exit_code == 1
    assert "elf.py:1: is no text" in result.stdout
    assert "two\\nlines\\u202e.py:1:7" in result.stdout
    assert "\u202e" not in result.stdout


@contained
@pytest.mark.slow
def test_a_name_that_is_no_utf_8_is_told_in_every_form(here: Path) -> None:
    name = os.fsdecode(b"bad\xff\xe9.py")
    (here / name).write_text("def f(:\n")
    words = (name, "--only", "syntax", "--state", "s.jsonl", "--github")
    for _ in range(2):  # the second time it is remembered
        typed(*words, "--junit", "j.xml")
        result = typed(*words, "--json", "--sarif", "s.sarif")
        assert result.exit_code == 1, result.output
        paths = {it["path"] for it in json.loads(result.stdout)["verdicts"]}
        assert paths == {"bad\\udcff\\udce9.py"}
    assert b'"uri":"bad%FF%E9.py"' in (here / "s.sarif").read_bytes()
    assert b"bad\\udcff\\udce9.py" in (here / "j.xml").read_bytes()
    assert b"bad" in (here / "s.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing was named"),
        (("gone.py",), "gone.py does not exist"),
        (("good.py", "--only", "magic"), "no stage or check is called 'magic'"),
        (("good.py", "--pack", "magic"), "there is no pack magic"),
        (("good.py", "--prompt", "@gone"), "--prompt @gone"),
        (("--changed",), "this is no repository"),
        (("good.py", "--tests", "gone_test.py"), "gone_test.py does not exist"),
    ],
)
def test_each_misuse_has_its_words_and_the_exit_code_of_misuse(
    here: Path, words: tuple[str, ...], said: str
) -> None:
    (here / "good.py").write_text(GOOD)
    if "--prompt" in words and GAP:
        words = (*words, "--only", "lint")
    result = typed(*words)
    assert result.exit_code == 2, result.output
    assert said in result.stderr


def test_a_missing_tool_is_skipped_and_an_error_only_where_it_is_required(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "a.mjs").write_text("export const a = 1;\n")
    monkeypatch.setenv("PATH", "/nowhere")
    words = ("a.mjs", "--only", "biome")
    result = typed(*words)
    assert result.exit_code == 0
    assert "npm install --save-dev @biomejs/biome" in result.stderr
    assert typed(*words, "--require").exit_code == 3


@contained
@pytest.mark.slow
def test_only_what_changed_is_checked(here: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    (here / "old.py").write_text("def f(:\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    (here / "new.py").write_text(GOOD)
    result = typed("--changed", "HEAD", "--only", "syntax", "--json")
    assert {it["path"] for it in json.loads(result.stdout)["verdicts"]} == {"new.py"}


@contained
@pytest.mark.slow
def test_the_summary_of_a_step_gets_every_problem(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    result = typed("-", "--language", "python", "--only", "syntax", stdin="def f(:\n")
    assert result.exit_code == 1, result.output
    assert "| \\- |" in (here / "summary.md").read_text().replace("| - |", "| \\- |")
    assert os.environ["GITHUB_ACTIONS"] == "true"


def descendants(pid: int) -> set[tuple[int, str]]:
    """Every process below one, each with when it began."""
    found: set[tuple[int, str]] = set()
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in map(int, children):
        found |= {(child, began(child)), *descendants(child)}
    return found


def began(pid: int) -> str:
    """By the kernel's clock; "": it is gone, or has ended and waits to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


@contained
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_in_the_middle_no_process_outlives_it(
    here: Path, how: signal.Signals
) -> None:
    for number in range(60):
        (here / f"m{number}.py").write_text(GOOD)
    words = [*HEARS_CTRL_C, sys.executable, "-m", "headgate", "validate", "--no-cache", "."]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        end, below = time.monotonic() + 30, set[tuple[int, str]]()
        while len(below) < 4 and time.monotonic() < end and process.poll() is None:
            below |= descendants(process.pid)
            time.sleep(0.01)
        process.send_signal(how)
        _, said = process.communicate(timeout=30)
    assert len(below) >= 4, said
    if how is signal.SIGINT:
        assert (process.returncode, said.split()[-2:]) == (130, [b"Error:", b"stopped"])
    while (left := {it for it in below if it[1] and began(it[0]) == it[1]}) and (
        time.monotonic() < end
    ):
        time.sleep(0.01)
    assert not left


@contained
@pytest.mark.slow
def test_what_lies_in_a_folder_and_cannot_be_read_is_told_and_keeps_nothing_from_the_rest(
    here: Path,
) -> None:
    (here / "good.py").write_text(GOOD)
    os.mkfifo(here / "pipe.py")
    with (here / "huge.py").open("wb") as file:
        file.truncate(10 << 30)
    result = typed(".", "--only", "syntax")
    assert result.exit_code == 3, result.output
    assert "left out: huge.py has 10,737,418,240 bytes" in result.stderr
    assert "1 passed" in result.stderr


@contained
@pytest.mark.slow
def test_a_file_that_vanishes_meanwhile_is_judged_by_what_was_read(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "good.py").write_text(GOOD)
    carry_out = Sandbox.carry_out

    async def without(self: Sandbox, order: Order) -> SandboxResult:
        await asyncio.to_thread(Path("good.py").unlink, missing_ok=True)
        return await carry_out(self, order)

    monkeypatch.setattr(Sandbox, "carry_out", without)
    assert typed("good.py", "--only", "syntax").exit_code == 0


@contained
@pytest.mark.slow
def test_a_tier_that_mounts_nothing_finds_the_same(here: Path) -> None:
    python = "/usr/bin/python3"  # what every user may read
    if not Path(python).exists():
        pytest.skip(f"{python} is not there: apt-get install python3")
    (here / "bad.py").write_text("def f(:\n")
    (here / "good.py").write_text(GOOD)
    (here / "bad.sh").write_text("if then\n")
    told = []
    for tier in ("namespaces", "landlock"):
        text = f'[sandbox]\ntier = "{tier}"\nminimum = "{tier}"\npython = "{python}"\n'
        (here / "headgate.toml").write_text(text)
        result = typed(".", "--only", "syntax", "--no-cache", "--json")
        if "no sandbox here that holds" in result.stdout:
            pytest.skip(f"no tier {tier} on this machine: see `headgate doctor`")
        made = json.loads(result.stdout)
        assert made["isolation"] == tier
        told.append([(it["path"], it["state"]) for it in made["verdicts"]])
    assert told[0] == told[1]
    assert dict(told[0]) == {"bad.py": "failed", "good.py": "passed", "bad.sh": "failed"}
