"""A rehearsal is of what is loaded, leaves nothing, and may fail."""

from __future__ import annotations

import sys
import types

import pytest

from headgate.sandbox.worker import rehearsal


def test_what_is_not_loaded_is_not_loaded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy", "pandas", "matplotlib.pyplot", "scipy.stats"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = set(sys.modules)
    rehearsal.rehearse()
    rehearsal.touch()
    assert not {"numpy", "pandas"} & (set(sys.modules) - before)
    assert not rehearsal.is_worth_it()


def test_a_package_that_has_changed_its_ways_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("numpy", "pandas"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    assert rehearsal.is_worth_it()
    rehearsal.rehearse()
    rehearsal.touch()
