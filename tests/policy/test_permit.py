"""What a key may use: every level agrees, or the refusal says which one does not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy.glob import matches
from headgate.policy.permit import KEPT, NAMED, NOTHING, Grant, Permit, beyond, listed

MODELS = st.lists(st.text("ab*", min_size=1, max_size=4), max_size=3).map(tuple)
SURFACES = st.lists(st.sampled_from(["messages", "chat", "responses"]), max_size=2).map(tuple)
NAMES = st.text("ab", min_size=1, max_size=5)


def grants(count: int) -> st.SearchStrategy[list[Grant]]:
    one = st.builds(Grant, st.just("team"), st.just("x"), MODELS, SURFACES)
    return st.lists(one, min_size=count, max_size=count)


@given(grants(3), NAMES, st.sampled_from(["messages", "chat", "responses"]))
@settings(max_examples=300)
def test_no_key_may_what_its_team_or_organisation_may_not(
    levels: list[Grant], model: str, surface: str
) -> None:
    organisation, team, key = levels
    if not Permit([organisation, team, key]).refusal(model, surface):
        assert not Permit([organisation, team]).refusal(model, surface)
        assert not Permit([organisation]).refusal(model, surface)


@given(grants(3), NAMES)
@settings(max_examples=300)
def test_whatever_may_be_used_is_among_what_is_listed(levels: list[Grant], model: str) -> None:
    permit = Permit(levels)
    listed_models = permit.models()
    if permit.allows(model) and listed_models:
        assert any(matches(pattern, model) for pattern in listed_models)


@given(grants(1), MODELS.filter(bool))
def test_what_is_not_beyond_a_level_is_allowed_by_it(
    above: list[Grant], below: tuple[str, ...]
) -> None:
    if not beyond(above[0].models, below):
        lower = Permit([Grant("key", "k", below)])
        for model in ("a", "b", "ab", "ba", "aab", "bba"):
            if lower.allows(model):
                assert Permit(above).allows(model)


def test_a_refusal_names_the_level_the_model_and_what_may_be_used() -> None:
    permit = Permit(
        [Grant("team", "search", ("claude-*",)), Grant("key", "alice", ("claude-haiku-*",))]
    )
    assert permit.refusal("claude-haiku-5-5", "messages") == ""
    assert permit.refusal("gpt-6", "chat") == (
        "team 'search' may not use model 'gpt-6'; this key may use claude-haiku-*"
    )
    assert permit.refusal("claude-opus-5", "chat").startswith("key 'alice' may not use model")


def test_a_surface_is_refused_with_those_that_may_be_used() -> None:
    permit = Permit([Grant("key", "alice", (), ("messages", "count_tokens"))])
    assert permit.refusal("x", "messages") == ""
    text = permit.refusal("x", "embeddings")
    assert "surface embeddings, which model 'x'" in text
    assert text.endswith("this key may use messages, count_tokens")


def test_levels_that_share_nothing_allow_nothing_and_say_so() -> None:
    permit = Permit([Grant("team", "t", ("claude-*",)), Grant("key", "k", ("gpt-*",))])
    assert permit.models() == NOTHING
    assert permit.refusal("gpt-6", "chat").endswith("this key may use none")
    apart = Permit([Grant("team", "t", (), ("chat",)), Grant("key", "k", (), ("messages",))])
    assert apart.surfaces() == NOTHING
    assert apart.refusal("x", "messages").endswith("this key may use none")


def test_a_refusal_is_bounded_however_much_is_allowed_or_asked_for() -> None:
    permit = Permit([Grant("key", "k", tuple(f"model-{n}" for n in range(500)))])
    text = permit.refusal("y" * 100_000, "chat")
    assert len(text) < 400
    assert f"and {500 - NAMED} more" in text


def test_answers_are_remembered_up_to_a_bound() -> None:
    permit = Permit([Grant("key", "k", ("a*",))])
    for n in range(KEPT + 10):
        assert permit.refusal(f"b{n}", "chat")
    assert len(permit._kept) == KEPT
    assert permit.refusal("a1", "chat") == ""


def test_levels_that_narrow_nothing_are_not_asked() -> None:
    permit = Permit([Grant("organisation", "default"), Grant("team", "default")])
    assert permit.grants == ()
    assert permit.models() == permit.surfaces() == ()
    assert listed(("a", "b")) == "a, b"
