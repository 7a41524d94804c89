"""Records with test_code become tasks whose functions answer."""

from __future__ import annotations

import pytest

from headgate.bench.reading.article import is_article, read_article
from headgate.bench.reading.rows import BadRows
from headgate.bench.task import Rejected, Task
from tests.bench.reading.records import ARTICLE


def test_a_task_is_read() -> None:
    task = read_article(ARTICLE | {"language": "Py", "tags": ["lists"]})
    assert isinstance(task, Task)
    assert (task.id, task.language, task.style) == ("a-1", "python", "returns")
    assert task.tags == ("lists",)
    assert is_article(ARTICLE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"language": "cobol"}, "cobol"),
        ({"language": "bash"}, "not read in bash"),
        ({"test_code": "def test_a(:"}, "do not compile"),
        ({"test_code": "def check(): return True"}, "no function"),
        ({"test_code": "def test_a(n): return True"}, "test_a has parameters"),
    ],
)
def test_tests_that_nobody_could_call_are_rejected_by_name(
    change: dict[str, str], words: str
) -> None:
    found = read_article(ARTICLE | change)
    assert isinstance(found, Rejected)
    assert found.id == "a-1"
    assert words in found.why
    assert found.remedy


@pytest.mark.parametrize(
    ("change", "words"),
    [({"prompt": ""}, "no prompt"), ({"test_code": ["x"]}, "'test_code' is list, not text")],
)
def test_what_is_missing_is_told(change: dict[str, object], words: str) -> None:
    with pytest.raises(BadRows, match=words):
        read_article(ARTICLE | change)
