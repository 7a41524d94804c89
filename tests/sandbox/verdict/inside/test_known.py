"""A container that both sides know stays one container, and a number never given is rubbish."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import known, values


def codec() -> values.Values:
    return values.Values(lambda it: ["held", 1], lambda frame: None)


def shared(thing: Any) -> tuple[values.Values, values.Values, Any]:
    """Two sides, and the copy of what one let the other read."""
    ours, theirs = codec(), codec()
    ours.live.is_open = True
    frame = ours.encode(thing, known.Known())
    ours.live.is_open = False
    copy = theirs.decode(frame, known.Known())
    for side in (ours, theirs):
        side.live.settle(side)
    return ours, theirs, copy


def test_what_one_side_changes_the_other_is_told() -> None:
    items = [1, {"a": [2]}]
    ours, theirs, copy = shared(items)
    copy.append(3)
    copy[1]["a"].clear()
    ours.live.amend(theirs.live.changed(theirs), ours)
    assert items == [1, {"a": []}, 3]
    assert theirs.live.changed(theirs) == []
    items.clear()
    theirs.live.amend(ours.live.changed(ours), theirs)
    assert copy == []


def test_such_a_container_goes_by_its_number_both_ways() -> None:
    items = [1]
    ours, theirs, copy = shared(items)
    assert ours.decode(theirs.encode(copy, known.Known()), known.Known()) is items
    assert theirs.decode(ours.encode([items], known.Known()), known.Known())[0] is copy


def test_what_is_not_read_is_not_taken_up() -> None:
    ours = codec()
    assert ours.encode([1], known.Known()) == ["list", 0, [1]]
    ours.live.is_open = True
    assert ours.encode(list(range(known.MOST_ITEMS + 1)), known.Known())[0] == "list"


@pytest.mark.parametrize(
    "frame", [["live", 0], ["living", 5, ["list", 0, []]], ["living", 0, 3]]
)
def test_a_number_that_was_never_given_is_rubbish(frame: list[Any]) -> None:
    with pytest.raises(known.Rubbish):
        codec().decode(frame, known.Known())


def test_a_change_of_what_was_never_read_is_rubbish() -> None:
    side = codec()
    with pytest.raises(known.Rubbish):
        side.live.amend([[0, ["list", -1, []]]], side)


def test_words_about_a_function_do_not_tell_what_it_was_made_with() -> None:
    assert known.shown(functools.partial(pow, 41)) == "<partial>"
    assert known.shown([41].append) != "<method>"
    assert known.shown(41) == "41"
