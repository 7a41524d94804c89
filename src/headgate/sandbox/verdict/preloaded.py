"""Names what a judge's worker has loaded before it is asked: what all judges share, and pytest.

Rule 1: an import is never needed for a verdict: one that is missing costs time and no more.
Rule 2: what only some tests use is loaded only for those: it would cost every fork its time.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from headgate.sandbox import source
from headgate.sandbox.languages.python import SCIENCE
from headgate.sandbox.model import Job, Runtime, Tree
from headgate.sandbox.verdict import bundle
from headgate.sandbox.verdict.model import Task

JUDGE = f"{bundle.PACKAGE}.apart"
SHARED = ("ctypes", "hashlib", "hmac", "json", "pathlib", "socket", "threading")
PYTHON = (
    *SHARED, "argparse", "ast", "asyncio", "base64", "bisect", "collections.abc", "contextlib",
    "copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "heapq", "importlib.util", "inspect", "io", "itertools", "logging", "math", "operator",
    "random", "re", "secrets", "statistics", "string", "tempfile", "types", "typing",
    "unittest", "unittest.mock", "uuid", "warnings", "zoneinfo",
)  # fmt: skip
PYTEST = (
    "pytest", "_pytest.assertion.rewrite", "_pytest.debugging", "_pytest.doctest",
    "_pytest.junitxml", "_pytest.logging", "_pytest.monkeypatch", "_pytest.pastebin",
    "_pytest.pytester", "_pytest.recwarn", "_pytest.setuponly", "_pytest.setupplan",
    "_pytest.skipping", "_pytest.stepwise", "_pytest.threadexception", "_pytest.tmpdir",
    "_pytest.unittest", "_pytest.unraisableexception", "_pytest.warnings",
)  # fmt: skip
DRIVER = ("psycopg",)


def runtime(task: Task, given: Runtime, told: Mapping[str, Any]) -> Runtime:
    """The worker that judges this task and those like it."""
    loaded: tuple[str, ...] = SHARED
    trees = given.trees
    if task.language == "python":
        loaded, trees = (JUDGE, *PYTHON), (*given.trees, _own())
        if told["style"] == "pytest":
            loaded += PYTEST
        laid = Job(language="python", code=task.support, files=(*task.candidate, *task.tests))
        if source.imports_any(laid, SCIENCE):
            loaded += given.imports
        if source.imports_any(laid, frozenset(DRIVER)):
            loaded += DRIVER
    return msgspec.structs.replace(given, kind="python", imports=loaded, trees=trees)


@functools.cache
def _own() -> Tree:
    folder = str(resources.files(bundle.PACKAGE))
    return Tree(folder, folder)
