"""Which ladder a name meets: precedence, prefixes, and the words of the 404."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import (
    Config,
    ConfigError,
    Rung,
    Tag,
    known_models,
    load,
    resolve,
    spell,
    unknown_model,
)

ENV = {"A": "key-one", "B": "key-two"}
TWO = """
[providers.one]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
api_key = "env:A"
models = ["one-*"]
[providers.two]
kind = "openai-compatible"
base_url = "http://127.0.0.1:8/v1"
"""


def configured(models: str) -> Config:
    return load(f"{TWO}\n[models]\n{models}", ENV, source="it")


def pattern(config: Config, model: str) -> str:
    route = resolve(config, model)
    return route.pattern if route else ""


def test_an_exact_name_wins_over_every_pattern() -> None:
    config = configured('"gpt-*" = "one"\n"gpt-5" = "two"\n"gpt-?" = "one"')
    assert pattern(config, "gpt-5") == "gpt-5"


def test_the_longest_literal_beginning_wins_wherever_it_stands() -> None:
    config = configured('"*" = "one"\n"claude-*" = "one"\n"claude-haiku-*" = "two"')
    assert pattern(config, "claude-haiku-5-5") == "claude-haiku-*"
    assert pattern(config, "claude-opus-5-5") == "claude-*"
    assert pattern(config, "anything") == "*"


def test_a_written_pattern_wins_over_a_providers_own() -> None:
    assert pattern(configured(""), "one-small") == "one-*"
    assert pattern(configured('"*" = "two"'), "one-small") == "*"


def test_a_providers_name_before_a_colon_reaches_any_model_of_it() -> None:
    route = resolve(configured(""), "two:qwen3:8b")
    assert route is not None
    assert [spell(rung) for rung in route.ladder] == ["two:qwen3:8b x3"]


def test_a_provider_with_a_written_list_serves_that_list_only() -> None:
    assert resolve(configured(""), "one:anything") is None


def test_a_lone_target_is_retried_and_a_rung_says_its_own_tries() -> None:
    config = load(
        f'{TWO}\n[retry]\ntries = 5\n[models]\na = "one"\nb = ["one", "two:x x2"]',
        ENV,
        source="it",
    )
    routes = {route.pattern: [spell(rung) for rung in route.ladder] for route in config.routes}
    assert routes["a"] == ["one x5"]
    assert routes["b"] == ["one x1", "two:x x2"]


def test_an_unknown_name_is_answered_with_the_known_ones_and_the_likely_one() -> None:
    config = configured('fast = "one"\n"claude-*" = "two"')
    assert resolve(config, "fats") is None
    assert known_models(config) == ("fast", "claude-*", "one-*")
    assert unknown_model(config, "fats") == (
        "no model 'fats' here. Did you mean 'fast'? Known: fast, claude-*, one-*; "
        "or any model of a provider as two:MODEL"
    )


PATTERNS = st.text("ab*?", min_size=1, max_size=5)


@given(st.lists(PATTERNS, min_size=1, max_size=6, unique=True), st.text("ab", max_size=6))
def test_a_name_meets_a_pattern_that_matches_it_and_none_more_specific(
    patterns: list[str], model: str
) -> None:
    config = configured("\n".join(f'"{each}" = "two"' for each in patterns))
    matching = [each for each in patterns if fnmatch.fnmatchcase(model, each)]
    seen = pattern(config, model)
    assert bool(seen) == bool(matching)
    if seen:
        literal = [each for each in matching if "*" not in each and "?" not in each]
        best = max(len(each.replace("?", "*").partition("*")[0]) for each in matching)
        assert seen in (literal or matching)
        assert literal or len(seen.replace("?", "*").partition("*")[0]) == best


SHARED = """
[models.a]
policy = "weighted"
hints = false
ladder = [{ target = "one:x x2", weight = 3, quality = 7 }, "two:y"]
[models.b]
ladder = ["one:x", "two:y"]
[routing.tags.nightly]
prefer = "cost"
[routing.tags."now, please"]
prefer = "speed"
"""


def test_a_target_may_be_a_table_with_a_weight_and_a_score() -> None:
    config = load(TWO + SHARED.replace("now, please", "now"), ENV, source="it")
    first, second = config.routes[0], config.routes[1]
    assert (first.policy, first.hints) == ("weighted", False)
    assert first.ladder == (Rung("one", "x", 2, 3.0, 7.0), Rung("two", "y"))
    assert (second.policy, second.hints, second.ladder[0].weight) == ("ordered", True, 1.0)
    assert config.tags == (Tag("nightly", "cost"), Tag("now", "speed"))


def test_a_weight_that_nothing_asks_for_is_noted() -> None:
    route = '[models.a]\nladder = [{ target = "one:x", weight = 2 }, "two:y"]'
    notes = load(f"{TWO}\n{route}", ENV, source="it").notes
    said = 'models.a: weights count under policy = "weighted"; hint: say so, or leave them out'
    assert said in notes
    shared = load(f'{TWO}\n{route}\npolicy = "weighted"', ENV, source="it").notes
    assert not [note for note in shared if "weight" in note]


def wrongs(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(f"{TWO}\n{text}", ENV, source="it")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHARED, "'now, please' cannot be a tag"),
        ("[routing]\ntags = 1", "write [routing.tags.NAME]"),
        ("[routing]\ntag = 1", "did you mean 'tags'?"),
        ('[routing.tags]\nx = "cost"', 'for example, prefer = "cost"'),
        ('[routing.tags.x]\nprefer = "fast"', 'choose "cost" or "speed" or "quality"'),
        ('[models.a]\npolicy = "chepest"\nladder = ["one:x"]', "did you mean 'cheapest'?"),
        ("[models.a]\nladder = [{ weight = 2 }]", "names no target"),
        ('[models.a]\nladder = [{ target = "on:x" }]', "no provider is called 'on'"),
        ('[models.a]\nladder = [{ target = "one:x", wight = 2 }]', "did you mean 'weight'?"),
        ('[models.a]\nladder = [{ target = "one:x", weight = -1 }]', "must be at least 0"),
        (
            '[models.a]\npolicy = "weighted"\nladder = [{ target = "one:x", weight = 0 }]',
            "has no weight above 0 to share by",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_remedy(text: str, said: str) -> None:
    assert said in wrongs(text)
