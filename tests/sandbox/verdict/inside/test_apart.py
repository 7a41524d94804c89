"""The process that holds the code is there before the tests are read."""

from __future__ import annotations

import inspect

from headgate.sandbox.verdict.inside import apart


def test_the_fork_comes_before_the_tests_and_the_key_are_read() -> None:
    source = inspect.getsource(apart.main)
    assert source.index("os.fork()") < source.index("seal.hide()")
    assert source.index("seal.hide()") < source.index("seal.Report()")
