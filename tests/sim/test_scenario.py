"""Scenario files: which calls go how."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.faults import Script
from headgate.sim.limits import Limits
from headgate.sim.scenario import (
    SHIPPED,
    Asked,
    Director,
    Scenario,
    ScenarioError,
    load,
    read,
    shipped,
)


def director(text: str, throw: float = 0.0) -> Director:
    return Director(read(text), lambda purpose: throw)


def statuses(
    of: Director, count: int, model: str = "m", path: str = "/v1/messages"
) -> list[int]:
    return [of.script(Asked(model, path, "k", 0.0)).status for _ in range(count)]


def test_a_burst_ends_after_its_calls() -> None:
    burst = director('[[step]]\ncalls = "1-3"\ndo = "529"')
    assert statuses(burst, 5) == [529, 529, 529, 0, 0]


def test_single_calls_open_ends_and_lists_are_ranges() -> None:
    some = director('[[step]]\ncalls = "2, 4-5, 7-"\ndo = "500"')
    assert statuses(some, 8) == [0, 500, 0, 500, 500, 0, 500, 500]


def test_a_cycle_counts_from_one_again() -> None:
    some = director('[[step]]\ncycle = 3\ncalls = "2"\ndo = "500"')
    assert statuses(some, 6) == [0, 500, 0, 0, 500, 0]


def test_a_step_counts_only_the_calls_it_concerns() -> None:
    step = (
        '[[step]]\nmodel = "claude-*"\npath = "*/messages"\nkey = "k*"\ncalls = "1"\ndo = "529"'
    )
    one = director(step)
    assert statuses(one, 2, model="gpt-5") == [0, 0]
    assert statuses(one, 1, model="claude-x", path="/v1/responses") == [0]
    assert statuses(one, 2, model="claude-x") == [529, 0]


def test_the_first_step_that_plays_decides_and_the_others_still_count() -> None:
    both = director('[[step]]\ncalls = "1"\ndo = "529"\n[[step]]\ncalls = "1-2"\ndo = "500"')
    assert statuses(both, 3) == [529, 500, 0]


def test_a_step_plays_within_its_times() -> None:
    timed = director('[[step]]\nafter_s = 10\nuntil_s = 20\ndo = "503"')
    found = [timed.script(Asked("m", "/", "k", at)).status for at in (9.9, 10.0, 19.9, 20.0)]
    assert found == [0, 503, 503, 0]


def test_dice_below_the_probability_play_the_step() -> None:
    text = '[[step]]\nprobability = 0.5\ndo = "500"'
    assert statuses(director(text, 0.4), 1) == [500]
    assert statuses(director(text, 0.5), 1) == [0]


def test_what_always_holds_is_overridden_field_by_field() -> None:
    one = director('always = "pace=1;events=5"\n[[step]]\ndo = "pace=2"')
    script = one.script(Asked("m", "/", "k", 0.0), {"events": 7})
    assert script == Script(pace=2.0, events=7)


def test_coming_scripts_are_played_before_any_step() -> None:
    one = director('[[step]]\ndo = "500"')
    one.coming += [{"status": 529}, {}]
    assert statuses(one, 3) == [529, 0, 500]


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    text = """
titel = "x"
bad_keys = "k"
[limits]
requests_per_minute = 0
[[step]]
do = "529;rety-after=1"
calls = "5-1"
probability = 3
[[step]]
modell = "x"
cycle = -1
"""
    with pytest.raises(ScenarioError) as wrong:
        read(text, "mine")
    told = str(wrong.value)
    for part in (
        "mine: unknown key 'titel'; did you mean 'title'?",
        "bad_keys must be a list",
        "mine: limits: requests_per_minute must be 1 or more",
        "mine: step 1: unknown word 'rety-after'; did you mean 'retry-after'?",
        "calls = '5-1'",
        "probability must be from 0 to 1",
        "mine: step 2: unknown key 'modell'; did you mean 'model'?",
        "mine: step 2: needs do",
        "cycle must be 1 or more",
    ):
        assert part in told


@pytest.mark.parametrize("text", ["step = 3", "limits = 3", "always = 3", "= 1"])
def test_a_file_of_the_wrong_shape_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        read(text)


@given(st.text(max_size=80))
def test_any_text_is_a_scenario_or_refused(text: str) -> None:
    with contextlib.suppress(ScenarioError):
        assert isinstance(read(text), Scenario)


def test_limits_are_read() -> None:
    found = read("[limits]\nrequests_per_minute = 3\ninput_tokens_per_minute = 4")
    assert found.limits == Limits(3, 4)


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.toml")))
def test_a_shipped_scenario_is_sound_and_says_what_it_is(name: str) -> None:
    scenario = load(name)
    assert scenario.title == name
    assert scenario.about.endswith(".")


def test_shipped_scenarios_have_a_place_for_every_fault_stream_clients_meet() -> None:
    assert {"calm", "outage", "overloaded", "broken-streams", "benchmark"} <= set(shipped())


def test_a_user_file_is_loaded_by_path_and_an_unknown_name_gets_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('always = "529"')
    assert load(str(file)).always == {"status": 529}
    with pytest.raises(ScenarioError, match="did you mean 'outage'"):
        load("outag")
    with pytest.raises(ScenarioError, match="a path, or one of: believable"):
        load("zzzz")


def test_more_that_always_holds_is_added_to_a_scenario() -> None:
    assert read('always = "pace=1"').with_always({"events": 3}).always == {
        "pace": 1,
        "events": 3,
    }
