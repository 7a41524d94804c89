"""The siege: what counts as an escape, and what each tier lets through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.sandbox.attacks import siege
from headgate.sandbox.attacks.kit import Attack, Said, World
from headgate.sandbox.model import Artefact, Limits, Result, Runtime, Status
from headgate.sandbox.worker import landlock
from tests.sieges import NOBODY, Besieged

SEEN = {
    "see that a file of the host exists",
    "read where a link of the host points",
    "read the name of the machine",
}
OF_THE_SAME_USER = {
    "change the mode of a file of the host",
    "change the times of a file of the host",
}


def test_there_are_more_than_six_score_attacks_each_with_a_name_of_its_own() -> None:
    names = [it.name for it in siege.everything()]
    assert len(names) >= 270
    assert len(set(names)) == len(names)


def test_attacks_are_laid_compiled_so_that_a_start_does_not_wait_for_that(
    tmp_path: Path,
) -> None:
    world = World("t", "/", "", 1, 1, 1, 1, "", "", "", -1, 3, "")
    order = siege.Orders(Runtime("python", "3", "python"), world).of(("files",), (), Limits())
    for file in order.files:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    command = [sys.executable, "-v", "-c", "import onslaught.files"]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stderr
    from_cache = [it for it in told.splitlines() if b"matches" in it and b"/onslaught/" in it]
    assert len(from_cache) == 2


@pytest.mark.slow
def test_nothing_gets_out_of_namespaces(besieged: Besieged) -> None:
    """Every attack, as the user that runs this test."""
    assert [it for it in besieged("namespaces").values() if it.escaped] == []


@pytest.mark.slow
def test_landlock_lets_through_what_its_gaps_say_and_nothing_else(besieged: Besieged) -> None:
    """Started as root a run has a user of its own; else it shares one with Headgate."""
    if landlock.best() not in (0, 7):
        pytest.skip(f"the gaps are told for Landlock 7; this kernel has {landlock.best()}")
    known = SEEN if os.geteuid() == 0 else SEEN | OF_THE_SAME_USER
    escaped = {it.name: it.evidence for it in besieged("landlock").values() if it.escaped}
    assert set(escaped) == known, escaped


@pytest.mark.slow
def test_most_attacks_succeed_where_nothing_contains_them(besieged: Besieged) -> None:
    """Else they would prove nothing where they fail."""
    verdicts = besieged("plain").values()
    escaped = [it for it in verdicts if it.escaped]
    assert len(escaped) * 2 > len(verdicts), len(escaped)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_nothing_gets_out_of_namespaces_of_an_ordinary_user_either() -> None:
    code = (
        "from tests.sieges import besieged_tier as b; v = b('namespaces');"
        "print(v if isinstance(v, str) else [it for it in v.values() if it.escaped])"
    )
    top = Path(__file__).parents[3]
    command = [sys.executable, "-c", code]
    env = {"PYTHONPATH": f"{top}/src:{top}", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    except PermissionError:
        pytest.skip(f"only root may read {sys.executable}: use a Python that all may read")
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("only root may read this checkout: put it where all may read it")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


ATTACK = Attack("try it", "files: reading", lambda _: None, False)
ON_COLLECTOR = Attack("hand it out", "artefacts", lambda _: None, True)


def judged(result: Result, attack: Attack = ATTACK) -> bool:
    return siege._limited(attack, result, siege.SLACK_S).escaped


def said(escaped: bool) -> str:
    return json.dumps(["try it", escaped, "how"]) + "\n"


def test_an_attack_is_believed_when_it_says_that_it_got_out() -> None:
    assert judged(Result(status=Status.OK, stdout=said(True)))
    assert not judged(Result(status=Status.OK, stdout=said(False)))


def test_a_limit_contains_but_a_broken_sandbox_proves_nothing() -> None:
    assert not judged(Result(status=Status.MEMORY, stdout=""))
    assert judged(Result(status=Status.BROKEN))


def test_a_run_that_outlasts_its_limit_has_escaped_it() -> None:
    assert judged(Result(status=Status.WALL, execution_ms=9_000.0))


def test_what_was_seen_from_outside_counts_whatever_was_said_inside() -> None:
    inside = {"try it": Said("try it", False, "refused")}
    assert not siege._judged(ATTACK, inside, {}).escaped
    assert siege._judged(ATTACK, inside, {"try it": "heard"}).escaped
    assert siege._judged(ATTACK, {}, {}).escaped, "one that was not heard of proves nothing"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "x\u202e.exe"])
def test_a_name_that_climbs_or_misleads_is_an_escape(path: str) -> None:
    left = Artefact(path, 1, "", "", b"x")
    result = Result(status=Status.OK, artefacts=(left,))
    verdict = siege.artefact_escape(ON_COLLECTOR, result, WORLD)
    assert verdict is not None
    assert verdict.escaped


WORLD = World("t0ken", "/", "", 1, 1, 1, 1, "", "", "", -1, 3, "")
