"""What attacks share: an attack that dies or raises is contained, and is told as such."""

from __future__ import annotations

import os
import signal

import pytest

from headgate.sandbox.attacks import kit
from headgate.sandbox.attacks.kit import Attack, World

WORLD = World("t0ken", "/decoys", "", 1, 1, 1, 1, "", "", "", -1, 3, "")


def outcome(act: kit.Act) -> kit.Said:
    return kit.tried(Attack("one", "family", act, False), WORLD)


def test_evidence_is_an_escape_and_nothing_is_none() -> None:
    assert outcome(lambda world: f"read {world.token}") == ("one", True, "read t0ken")
    assert outcome(lambda _: None) == ("one", False, "nothing came of it")


def test_whatever_an_attack_raises_is_containment() -> None:
    def refused(_: World) -> str | None:
        raise PermissionError(1, "Operation not permitted")

    def broken(_: World) -> str | None:
        raise ZeroDivisionError("x")

    assert outcome(refused) == ("one", False, "Operation not permitted")
    assert outcome(broken) == ("one", False, "ZeroDivisionError: x")


def test_an_attack_that_is_killed_for_it_is_contained() -> None:
    def die(_: World) -> str | None:
        os.kill(os.getpid(), signal.SIGKILL)
        return "lived"

    said = kit.tried_apart(Attack("one", "family", die, False), WORLD)
    assert said == ("one", False, "ended by -9")


def test_only_the_token_is_evidence_of_having_read() -> None:
    assert kit.show(WORLD, "something else") is None
    assert kit.show(WORLD, "it is t0ken.") == "read t0ken"


def test_a_refused_call_says_why() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        kit.call("setns", -1, 0)
