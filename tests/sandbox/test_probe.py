"""Choosing a tier: by attacking it; and what is said where none holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import probe, tiers
from headgate.sandbox.attacks import siege
from headgate.sandbox.foreman import Broken
from headgate.sandbox.model import Isolation, Unavailable
from headgate.sandbox.probe import Facts, Probed
from headgate.sandbox.settings import Settings
from tests.sieges import interpreter

WITHOUT_WALLS = Isolation("none")


def switches(top: Path, **values: int) -> Path:
    for path, value in values.items():
        place = top / "proc/sys" / path.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{value}\n")
    return top


@pytest.mark.parametrize(
    ("switch", "value", "wanted"),
    [
        (
            "kernel__apparmor_restrict_unprivileged_userns",
            1,
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "kernel__unprivileged_userns_clone",
            0,
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        ("user__max_user_namespaces", 0, "sudo sysctl -w user.max_user_namespaces=15000"),
    ],
)
def test_each_switch_that_forbids_namespaces_has_its_one_line_remedy(
    switch: str, value: int, wanted: str, tmp_path: Path
) -> None:
    facts = probe.look(switches(tmp_path, **{switch: value}))
    assert probe.remedy(facts) == wanted


def test_switches_that_allow_are_no_reason(tmp_path: Path) -> None:
    top = switches(
        tmp_path,
        kernel__apparmor_restrict_unprivileged_userns=0,
        kernel__unprivileged_userns_clone=1,
        user__max_user_namespaces=100,
    )
    assert probe.look(top) == Facts()


def test_in_a_container_it_is_the_engines_flags_that_have_to_change(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").write_text("")
    assert "--security-opt" in probe.remedy(probe.look(tmp_path))


async def test_no_walls_at_all_have_to_be_asked_for_twice() -> None:
    """By the tier's name and by `uncontained`; then every result says so."""
    with pytest.raises(Unavailable) as refused:
        await probe.probe(Settings(tier="none"))
    assert "uncontained = true" in refused.value.remedy
    found = await probe.probe(Settings(tier="none", uncontained=True))
    assert found.tier == "none"
    assert found.gaps == (tiers.NONE_GAP,)


async def test_less_than_the_minimum_is_refused_before_anything_is_started() -> None:
    with pytest.raises(Unavailable, match="less than the minimum") as refused:
        await probe.probe(Settings(tier="landlock", minimum="namespaces"))
    assert 'minimum = "landlock"' in refused.value.remedy


async def test_a_tier_that_is_unknown_is_told_with_those_that_are_not() -> None:
    with pytest.raises(Unavailable, match="no tier 'chroot'") as refused:
        await probe.probe(Settings(tier="chroot"))
    assert "namespaces" in refused.value.remedy


async def test_auto_takes_the_next_where_the_first_lets_something_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    async def canaries(settings: object, walls: Isolation, engine: object) -> tuple[str, ...]:
        tried.append(walls.tier)
        return ("speak tcp to the host",) if walls.tier == "namespaces" else ()

    monkeypatch.setattr(probe, "canaries", canaries)
    found = await probe.probe(Settings())
    assert tried == ["namespaces", "landlock"]
    assert found.tier == "landlock"


async def test_a_tier_that_cannot_start_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def canaries(settings: object, walls: Isolation, engine: object) -> tuple[str, ...]:
        if walls.tier == "namespaces":
            raise Broken("the worker is gone", begun=False)
        raise Unavailable("no Landlock", "take another kernel")

    monkeypatch.setattr(probe, "canaries", canaries)
    with pytest.raises(Unavailable, match=r"the worker is gone.*no Landlock"):
        await probe.probe(Settings())


async def test_what_a_tier_let_through_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def canaries(settings: object, walls: Isolation, engine: object) -> tuple[str, ...]:
        return ("make a user namespace",)

    monkeypatch.setattr(probe, "canaries", canaries)
    found: Probed = await probe.attempt("namespaces", Settings())
    assert found.isolation is None
    assert "make a user namespace" in found.what


@pytest.mark.slow
async def test_the_canaries_come_out_where_there_are_no_walls() -> None:
    """So that their silence elsewhere means something."""
    python = interpreter()
    if python == "none":
        pytest.skip("as root this takes a Python that others may read: install python3")
    escaped = await probe.canaries(Settings(python=python), WITHOUT_WALLS, None)
    assert len(escaped) >= 5, escaped


def test_every_canary_is_an_attack_of_the_suite() -> None:
    names = {it.name for it in siege.everything()}
    assert set(probe.CANARIES) <= names
    assert len(probe.CANARIES) >= 12
