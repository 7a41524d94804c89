from __future__ import annotations

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.languages import bash
from headgate.sandbox.model import Job, Runtime

RUNTIME = Runtime("bash", "5.2", "program", program="bash")


def test_a_script_is_checked_before_its_first_line_runs() -> None:
    build, run = bash.plan(RUNTIME, Job("bash", "echo", args=("-x",))).steps
    assert (build.argv, build.is_build) == (("bash", "-n", "main.sh"), True)
    assert run.argv == ("bash", "main.sh", "-x")


def test_line_ends_of_windows_and_a_mark_of_byte_order_are_taken_off() -> None:
    (script,) = bash.plan(RUNTIME, Job("bash", "\ufeffecho a\r\necho $'\\r'\r\n")).files
    assert script.data == b"echo a\necho $'\\r'\n"


def test_bash_is_found_by_its_own_version() -> None:
    found = bash.find()
    assert isinstance(found, Runtime)
    assert int(found.version.partition(".")[0]) >= 3
    assert dict(bash.packages(found)).keys() <= set(bash.TOOLS)


def test_without_bash_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchains, "located", lambda name: "")
    assert bash.find() == bash.MISSING
