"""How the judging of R is told."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import r
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("r", "4.2", "program", program="R", env=(("R_HOME", "x"),))


def test_tests_lie_in_no_file_and_the_code_in_the_codes_folder() -> None:
    task = Task(
        language="r",
        candidate=files(("solution.R", "f <- function() 1")),
        tests=files(("test.R", "stopifnot(f() == 'expected')")),
    )
    _, told = r.plan(task, RUNTIME)
    assert "expected" in told["tests"]
    assert all("expected'" not in it for it in told["files"].values())
    assert "code/solution.R" in told["files"]
    assert told["candidate"]["env"] == {"R_HOME": "x"}


@pytest.mark.parametrize("name", ["solution.py", r.OURS])
def test_what_is_no_r_or_bears_our_name_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        r.plan(Task(language="r", candidate=files((name, "")), tests=()), RUNTIME)
