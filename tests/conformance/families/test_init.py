"""Families of promises are found by their files, and a selection of them can be played."""

from __future__ import annotations

from headgate.conformance.case import PAIRS
from headgate.conformance.families import FOLDER, chosen, families


def test_every_file_of_the_folder_is_a_family_in_its_place() -> None:
    found = families()
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert {family.name for family in found} == files
    assert [family.order for family in found] == list(range(1, len(found) + 1))


def test_a_selection_holds_the_families_that_were_named() -> None:
    assert chosen(("tools",)).keys() == {"tools"}
    assert chosen().keys() == {family.name for family in families()}


def test_what_takes_a_minute_is_played_only_when_it_is_wanted() -> None:
    quick, whole = chosen(), chosen(long=True)
    assert not [case for cases in quick.values() for case in cases if case.long]
    assert [case for cases in whole.values() for case in cases if case.long]


def test_every_pair_of_surfaces_is_put_to_the_test() -> None:
    cases = [case for each in chosen().values() for case in each]
    assert {(case.caller, case.upstream) for case in cases} == set(PAIRS)
    assert len(cases) > 400
