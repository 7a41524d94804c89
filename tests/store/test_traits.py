"""What may be said of an organisation, a team or a key: mistakes are found when it is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cap import Budget, Caps, Limits
from headgate.policy.permit import Grant
from headgate.store.capped import CapChanges
from headgate.store.traits import (
    METADATA_BYTES,
    MOST_PATTERNS,
    MOST_TAGS,
    NONE,
    SAME,
    SURFACES,
    Changes,
    Mistake,
    check_name,
    check_narrower,
    read,
    stored,
)
from headgate.wire import SURFACES as SERVED

WORDS = st.text("abc-=", min_size=1, max_size=5).map(lambda word: f"t{word}")
LISTS = st.lists(WORDS, max_size=4).map(tuple)


@given(LISTS, LISTS, st.dictionaries(WORDS, WORDS, max_size=3))
def test_traits_come_back_as_they_were_stored(
    tags: tuple[str, ...], models: tuple[str, ...], metadata: dict[str, str]
) -> None:
    given = Changes("4711", tags, models, ("chat",), json.dumps(metadata))
    traits = given.of(NONE)
    assert read(stored(traits)) == traits
    assert traits.tags == tuple(dict.fromkeys(tags))


def test_what_is_not_named_stays_and_what_is_emptied_goes() -> None:
    traits = Changes(cost_centre=" 4711 ", tags=("a", "b", "a")).of(NONE)
    assert (traits.cost_centre, traits.tags) == ("4711", ("a", "b"))
    assert SAME.of(traits) == traits
    assert Changes(tags=()).of(traits).tags == ()
    assert Changes(cost_centre="").of(traits).cost_centre == ""
    assert read(stored(NONE)) is NONE


def test_every_surface_that_is_served_can_be_named() -> None:
    assert set(SURFACES) == {*SERVED, "execute"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (Changes(cost_centre="x" * 101), "cost centre"),
        (Changes(cost_centre="a\nb"), "cost centre"),
        (Changes(tags=("a,b",)), "no tag"),
        (Changes(tags=("a b",)), "no tag"),
        (Changes(tags=("",)), "no tag"),
        (Changes(tags=("x" * 41,)), "no tag"),
        (Changes(tags=tuple(f"t{n}" for n in range(MOST_TAGS + 1))), "too many"),
        (Changes(models=("",)), "no name of a model"),
        (Changes(models=("a\x00b",)), "no name of a model"),
        (Changes(models=tuple(f"m{n}" for n in range(MOST_PATTERNS + 1))), "too many"),
        (Changes(surfaces=("message",)), "no surface"),
        (Changes(metadata="[]"), "no JSON object"),
        (Changes(metadata="{"), "no JSON object"),
        (Changes(metadata=json.dumps({"a": "x" * METADATA_BYTES})), "longer than 4096 bytes"),
        (Changes(metadata="[" * 4000), "no JSON object"),
        (Changes(caps=Caps(Limits(burst=3))), "burst: says how many"),
        (Changes(caps=CapChanges(limits=(("burst", 3),))), "burst: says how many"),
        (Changes(caps=Caps(budgets=(Budget(-1, "day"),))), "day: must be more than"),
        (Changes(caps=CapChanges(kind="soft")), "no budget here that could be soft"),
        (Changes(caps=CapChanges(warn_at=(0.5,))), "no budget here that could warn"),
    ],
)
def test_what_could_never_work_is_refused_in_words(changes: Changes, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        changes.of(NONE)


def test_only_what_the_prompt_cache_can_do_may_be_said_of_it() -> None:
    made = Changes(prompt_cache="on").of(NONE)
    assert (made.prompt_cache, read(stored(made))) == ("on", made)
    assert Changes(prompt_cache="").of(made) == NONE
    with pytest.raises(Mistake, match="'maybe' is nothing that may be said") as caught:
        Changes(prompt_cache="maybe").of(NONE)
    assert "off, advise, on" in caught.value.hint


def test_caps_are_given_whole_or_changed_in_part() -> None:
    caps = Caps(Limits(requests=60), (Budget(5, "day"),))
    traits = Changes(caps=caps).of(NONE)
    assert traits.caps == caps
    part = CapChanges(limits=(("concurrent", 3),), budgets=(("month", 9),))
    assert Changes(caps=part).of(traits).caps == Caps(
        Limits(requests=60, concurrent=3), (Budget(5, "day"), Budget(9, "month"))
    )
    assert Changes(caps=part).told() == {"caps": part.told()}
    assert Changes(caps=caps).told()["caps"]["limits"] == {"requests": 60}
    assert Changes(tags=()).of(traits).caps == caps


def test_a_name_must_be_readable() -> None:
    check_name("a team", "search & ads")
    for name in ("", " ", "a\tb", "x" * 101):
        with pytest.raises(Mistake, match="a team needs a name"):
            check_name("a team", name)


def test_only_a_narrower_list_passes_the_levels_above() -> None:
    above = [Grant("organisation", "acme", ("claude-*", "gpt-*")), Grant("team", "t", ("g*",))]
    check_narrower(above, Changes(models=("gpt-6",)).of(NONE), "key")
    check_narrower(above, NONE, "key")
    with pytest.raises(Mistake, match="team 't' does not allow the model 'claude-haiku'"):
        check_narrower(above, Changes(models=("claude-haiku",)).of(NONE), "key")
