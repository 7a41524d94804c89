from __future__ import annotations

import sys

import pytest

from headgate.sandbox.language import Missing
from headgate.sandbox.languages import python
from headgate.sandbox.model import File, Job, Refused, Runtime, Step

RUNTIME = Runtime("python", "3.99", "python", imports=("numpy", "pandas"))


def test_a_run_is_one_step_of_the_forked_interpreter() -> None:
    job = Job("python", "print(1)", files=(File("a.csv", b"1"),), args=("x",), stdin=b"in")
    order = python.plan(RUNTIME, job)
    assert order.steps == (Step("run", ("x",), "main.py"),)
    assert order.files == (File("a.csv", b"1"), File("main.py", b"print(1)"))
    assert (order.limits, order.stdin) == (job.limits, b"in")


def test_what_the_code_does_not_import_is_not_loaded_before_the_fork() -> None:
    assert python.plan(RUNTIME, Job("python", "print(1)")).runtime.imports == ()
    order = python.plan(RUNTIME, Job("python", "import seaborn"))
    assert order.runtime == RUNTIME


def test_packages_that_a_job_names_are_loaded_instead() -> None:
    job = Job("python", "import pandas", packages=("scipy.stats", "scipy.stats", "json"))
    assert python.plan(RUNTIME, job).runtime.imports == ("scipy.stats", "json")


@pytest.mark.parametrize(
    "names", [("os; evil()",), ("",), ("a..b",), ("ok", "../x"), ("a",) * 33, ("a\n",)]
)
def test_what_is_no_name_of_a_module_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="packages: ") as refused:
        python.plan(RUNTIME, Job("python", "", packages=names))
    assert refused.value.kind == "invalid"


def test_the_interpreter_that_runs_headgate_is_found_with_its_folders() -> None:
    found = python.look()
    assert isinstance(found, Runtime)
    assert (found.interpreter, found.kind) == ("", "python")
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert set(found.imports) <= set(python.WARM)
    seen = [tree.source for tree in found.trees]
    assert all(
        folder.startswith((*seen, "/usr")) for folder in (sys.prefix, sys.base_prefix)
    ), seen


def test_another_interpreter_is_used_by_its_path() -> None:
    found = python.look(sys.executable)
    assert isinstance(found, Runtime)
    assert found.interpreter == sys.executable


def test_what_is_no_python_is_missing_with_the_setting_to_mend() -> None:
    found = python.look("/usr/bin/false")
    assert isinstance(found, Missing)
    assert "[sandbox] python" in found.remedy


@pytest.mark.slow
def test_packages_are_those_that_code_can_import() -> None:
    found = python.look()
    assert isinstance(found, Runtime)
    assert "msgspec" in dict(python.packages(found))
