"""Runs test files with pytest or unittest in the judge, and counts each test that passed.

Rule 1: the files are modules in memory; what lies in the sandbox under their names is empty.
Rule 2: a test counts when it ran to its end and did not fail; a skipped one does not count.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import types
import unittest
from typing import Any

from headgate.sandbox.verdict.inside import checks, empty


class _Counted(unittest.TestResult):
    def __init__(self, count: checks.Checks) -> None:
        super().__init__()
        self._count = count

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._count.clock(test.id())
        self._count.begin(test.id())

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self._count.clock("")

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self._count.end()

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._count.end()

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._count.seen -= 1

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._tell(test, err)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._tell(test, err)

    def _tell(self, test: Any, err: Any) -> None:
        self._count.fail(f"{test.id()}: {err[0].__name__}: {str(err[1])[:400]}")


def run_suite(suite: unittest.TestSuite, count: checks.Checks) -> None:
    result = _Counted(count)
    suite.run(result)
    if not result.wasSuccessful():
        count.fail("a test failed")


def _module(path: str) -> types.ModuleType:
    return importlib.import_module(".".join(pathlib.PurePosixPath(path).with_suffix("").parts))


def run_unittest(names: list[str], count: checks.Checks) -> None:
    for path in names:
        if pathlib.PurePosixPath(path).name.startswith("test"):
            suite = unittest.defaultTestLoader.loadTestsFromModule(_module(path))
            run_suite(suite, count)


class _Plugin:
    """Collects from memory, and hears how each test went."""

    def __init__(self, count: checks.Checks, names: list[str]) -> None:
        self._count = count
        self._failed: set[str] = set()
        self._names = {str(pathlib.Path(it).absolute()): it for it in names}

    def pytest_pycollect_makemodule(self, module_path: pathlib.Path, parent: Any) -> Any:
        import pytest

        name = self._names[str(module_path)]

        class Remembered(pytest.Module):
            def _getobj(self) -> types.ModuleType:
                return _module(name)

        return Remembered.from_parent(parent, path=module_path)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._count.clock(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        self._count.clock("")

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._count.fail(f"{report.nodeid or 'collection'}: {_shortly(report)}")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "setup":
            self._count.begin(report.nodeid)
            if report.skipped:
                self._count.seen -= 1
        if report.failed:
            self._failed.add(report.nodeid)
            self._count.fail(f"{report.nodeid}: {_shortly(report)}")
        elif report.when == "call" and report.skipped:
            self._count.seen -= 1
            self._failed.add(report.nodeid)
        if report.when == "call" and report.nodeid not in self._failed:
            self._count.end()


def _shortly(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr)[:400]


def import_nothing() -> None:
    """The code may have laid what lies in the work folder: pytest is to load none of it."""
    import _pytest.config
    import _pytest.pathlib
    import _pytest.python

    def imported(path: Any, *args: Any, **kwargs: Any) -> types.ModuleType:
        return types.ModuleType(pathlib.PurePath(path).stem)

    for module in (_pytest.config, _pytest.pathlib, _pytest.python):
        for name in ("import_path", "importtestmodule"):
            if hasattr(module, name):
                setattr(module, name, imported)


def run_pytest(names: list[str], count: checks.Checks) -> None:
    """Needs pytest in the sandbox's Python."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    empty.guard_approx(type(pytest.approx(1.0)))
    import_nothing()
    for name in names:
        place = pathlib.Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"")
    shared = [it for it in names if pathlib.PurePosixPath(it).name == "conftest.py"]
    files = [
        it for it in names if it not in shared and "test" in pathlib.PurePosixPath(it).name
    ]
    options = [
        "-q",
        "--no-summary",  # which looks through all reports for each that failed
        "-p",
        "no:cacheprovider",
        "-p",
        "no:faulthandler",
        "-p",
        "no:unraisableexception",  # which collects garbage ten times, and warns
        "-p",
        "no:threadexception",
        "--assert=plain",
        "--capture=sys",
        "-W",
        f"error:{checks.UNDECIDED}:DeprecationWarning",
    ]
    if importlib.util.find_spec("pytest_asyncio"):
        options += ["-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto"]
    here = pathlib.Path.cwd()
    plugin = _Plugin(count, names)
    code = pytest.main(
        [
            *options,
            "--noconftest",
            "-c",
            os.devnull,
            f"--rootdir={here}",
            f"--confcutdir={here}",
            *files,
        ],
        plugins=[plugin, *(_module(it) for it in shared)],
    )
    if code not in (0, 5):
        count.fail(f"pytest ended with {int(code)}")
