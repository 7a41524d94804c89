"""MultiPL-E: HumanEval and MBPP in other languages, as the beginning of a file and its end.

Rule 1: an answer stands between the two as it stood when the set was made: begun by the prompt,
followed by the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.bench.reading.rows import text
from headgate.bench.task import TESTS, Rejected, Task
from headgate.sandbox.model import File

LANGUAGES = {
    "ts": "typescript",
    "js": "javascript",
    "go_test.go": "go",
    "go": "go",
    "rs": "rust",
    "r": "r",
    "sh": "bash",
    "py": "python",
}
ASKED = "Write the function that is begun here in {language}.\n\n```{language}\n{begin}\n```"


def is_multiple(row: Mapping[str, Any]) -> bool:
    return {"name", "language", "prompt", "tests", "stop_tokens"} <= row.keys()


def read_multiple(row: Mapping[str, Any]) -> Task | Rejected:
    """A task, or why its language is not judged here."""
    name, kind = text(row, "name"), text(row, "language")
    language = LANGUAGES.get(kind)
    if language is None or language == "bash":
        return Rejected(f"{name}_{kind}", f"no verdicts for {kind}", "they are not judged here")
    prompt, tests = text(row, "prompt"), text(row, "tests")
    if language == "rust":
        tests = re.sub(r"^\s*\}\s*\n", "", tests, count=1)  # it closes the function before
    return Task(
        id=f"{name}_{kind}",
        language=language,
        prompt=ASKED.format(language=language, begin=prompt.rstrip()),
        tests=(File(TESTS[language], tests.encode()),),
        style="asserts",
        lead=prompt,
        timeout_s=10.0,
        tags=("multipl-e",),
    )
