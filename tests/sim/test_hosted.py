"""Pages of containers and files at the simulator: whose they are, and what is refused."""

from __future__ import annotations

import pytest

from headgate.sim.checks import Refused
from headgate.sim.faults import Script
from headgate.sim.hosted import PATH
from headgate.sim.interpreter import MOST_KEPT, Interpreters


def desk() -> Interpreters:
    return Interpreters(0, lambda: 1.0)


def test_paths_have_a_providers_prefix_before_them() -> None:
    found = PATH.fullmatch("/some/v1/containers/c/files/f/content")
    assert found is not None
    assert (found["what"], found["rest"]) == ("containers", "/c/files/f/content")


def test_a_key_sees_only_its_own() -> None:
    one = desk()
    box = one.containers("a", "POST", [], {"name": "x"})
    with pytest.raises(Refused):
        one.containers("b", "GET", [box["id"]], None)
    with pytest.raises(Refused):
        one.containers("a", "PUT", [], None)
    file = one.store("a", "POST", [], ("n", b"x"))
    with pytest.raises(Refused):
        one.store("b", "GET", [file["id"], "content"], None)
    with pytest.raises(Refused):
        one.store("a", "PATCH", [file["id"]], None)


def test_what_is_kept_is_bounded() -> None:
    one = desk()
    for _ in range(MOST_KEPT + 5):
        one.hold("a", "n", b"", "", "user")
        one.open("a", "cntr_", {})
    assert (len(one.files), len(one.boxes)) == (MOST_KEPT, MOST_KEPT)


def test_a_container_must_be_named_or_auto() -> None:
    with pytest.raises(Refused, match="container"):
        desk().run("a", {"tools": [{"type": "code_interpreter"}], "input": "x"}, Script())
    assert desk().run("a", {"tools": [], "input": "x"}, Script()) is None
