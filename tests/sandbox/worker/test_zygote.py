"""The zygote's forks share what it loaded and nothing of each other."""

from __future__ import annotations

from tests.sandbox.yard import python, worker


async def test_imports_are_there_before_the_code_and_changes_stay_in_their_run() -> None:
    code = """import sys
print('decimal' in sys.modules)
import json
print(hasattr(json, 'x'))
json.x = 1"""
    async with worker(imports=("decimal", "json")) as foreman:
        said = [(await python(foreman, code)).stdout for _ in range(2)]
    assert said == ["True\nFalse\n"] * 2


async def test_headgate_is_no_module_of_the_codes() -> None:
    code = "import sys\nprint([it for it in sys.modules if it.startswith('headgate')])"
    async with worker() as foreman:
        assert (await python(foreman, code)).stdout == "[]\n"
