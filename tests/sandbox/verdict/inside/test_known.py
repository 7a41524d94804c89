"""A container that both sides know stays one container, and a number never given is rubbish."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.verdict.inside import known, values


def codec() -> values.Values:
    return values.Values(lambda it: ["held", 1], lambda frame: None)


def shared(thing: Any, tag: str = known.LIVING_ON) -> tuple[values.Values, values.Values, Any]:
    """Two sides, and the copy of what one let the other read."""
    ours, theirs = codec(), codec()
    theirs.live.give_odd_numbers()
    ours.live.tag = tag
    frame = ours.encode(thing, known.Known())
    ours.live.tag = ""
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


def test_what_cannot_be_handed_over_any_more_becomes_a_copy() -> None:
    items: list[Any] = [1]
    ours, theirs, copy = shared(items)
    deep: list[Any] = []
    for _ in range(values.DEEPEST + 5):
        deep = [deep]
    items.append(deep)
    assert ours.live.changed(ours) == []
    assert ours.encode([0], known.Known()) == ["list", 0, [0]]
    copy.append(2)
    ours.live.amend(theirs.live.changed(theirs), ours)
    assert items == [1, 2]


def test_such_a_container_goes_by_its_number_both_ways() -> None:
    items = [1]
    ours, theirs, copy = shared(items)
    assert ours.decode(theirs.encode(copy, known.Known()), known.Known()) is items
    assert theirs.decode(ours.encode([items], known.Known()), known.Known())[0] is copy


@given(st.lists(st.integers(0, 3), max_size=80), st.data())
def test_whatever_passes_the_latest_stay_the_same_for_both(
    turns: list[int], data: st.DataObject
) -> None:
    """A side hands over a container, an old one or a new one, or changes one that it has."""
    sides = codec(), codec()
    sides[1].live.give_odd_numbers()
    pairs: list[list[Any]] = []
    """the same container, as each side holds it: the latest last"""
    for turn in turns:
        at = turn % 2
        here, there = sides[at], sides[1 - at]
        if turn < 2 or not pairs:
            new: Any = data.draw(st.sampled_from([[1, [2]], {"a": 1}, {3}]))
            here.live.tag = known.PASSING
            thing = data.draw(st.sampled_from([new, *(it[at] for it in pairs[-5:])]))
            copied = there.decode(here.encode(thing, known.Known()), known.Known())
            here.live.tag = ""
            if thing is new:
                pairs.append([copied, thing] if at else [thing, copied])
            assert any(it[at] is thing and it[1 - at] is copied for it in pairs)
        else:
            thing = data.draw(st.sampled_from(pairs[-5:]))[at]
            add = thing.append if isinstance(thing, list) else None
            (add or (thing.add if isinstance(thing, set) else thing.setdefault))(len(turns))
        there.live.amend(here.live.changed(here), there)
        there.live.settle(there)
        assert all(one == other for one, other in pairs[-5:])
    assert all(len(it.live.things) <= 4 * known.MOST_PASSING for it in sides)


def test_what_is_not_read_is_not_taken_up() -> None:
    ours = codec()
    assert ours.encode([1], known.Known()) == ["list", 0, [1]]
    ours.live.tag = known.LIVING_ON
    assert ours.encode(list(range(known.MOST_ITEMS + 1)), known.Known())[0] == "list"


@pytest.mark.parametrize(
    "frame", [["live", 0], ["living", 5, ["list", 0, []]], ["living", 1, 3]]
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
