"""What ShellCheck 0.11 said is understood."""

from __future__ import annotations

from headgate.validate.checks.shellcheck import CHECK
from tests.checking import read

SAID = """{"comments":[{"file":"bad.sh","line":2,"endLine":2,"column":10,"endColumn":21,"level":
"error","code":2045,"message":"Iterating over ls output is fragile. Use globs.","fix":null},
{"file":"bad.sh","line":3,"endLine":3,"column":6,"endColumn":8,"level":"info","code":2086,
"message":"Double quote to prevent globbing and word splitting.","fix":null}]}"""


def test_each_comment_has_its_place_level_and_code() -> None:
    assert read(CHECK, SAID) == [(2, 10, "error", "SC2045"), (3, 6, "notice", "SC2086")]
