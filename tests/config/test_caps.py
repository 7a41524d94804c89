"""[limits] and [budgets]: what they become, and that what could not be kept is refused."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import CapsConfig, Config, ConfigError, load
from headgate.config.caps import enforces, in_force, needs_prices, objection, told, unpriced
from headgate.policy.cap import NO_CAPS, PERIODS, Budget, Caps, Limits
from headgate.policy.sound import NANO
from headgate.wire.call import Capped

ENV = {"ANTHROPIC_API_KEY": "sk-ant-api03-" + "Ab1_" * 23 + "xyz"}
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(text: str) -> CapsConfig:
    return load(text, ENV, source="headgate.toml").caps


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def test_nothing_is_capped_where_nothing_is_said() -> None:
    assert read("") == CapsConfig()
    assert needs_prices(CapsConfig()) == ""


def test_everything_that_can_be_said_is_read() -> None:
    caps = read("""
[limits]
max_wait_s = 5
queue_calls = 10
queue_calls_per_key = 2
when_unreachable = "open"
open_allowance_usd = "0.10"
[limits.house]
requests = 100
burst = 20
[limits.each_key]
concurrent = 10
[limits.each_team]
output_tokens = 7
[limits."tag:project=x"]
input_tokens = 1000
[limits."model:claude-opus-*"]
requests = 3
[budgets.house]
month = 1000
day = "20.5"
kind = "soft"
warn_at = [0.5, 1]
[budgets."tag:project=x"]
total = 0.1
lower_output = true
""")
    assert (caps.wait_s, caps.queue_calls, caps.queue_calls_per_key) == (5.0, 10, 2)
    assert (caps.when_unreachable, caps.open_allowance_nusd) == ("open", NANO // 10)
    assert caps.house == Caps(
        Limits(requests=100, burst=20),
        (Budget(20_500_000_000, "day", "soft"), Budget(1000 * NANO, "month", "soft")),
        False,
        (0.5, 1.0),
    )
    assert caps.each_key == Caps(Limits(concurrent=10))
    assert caps.each_team == Caps(Limits(output_tokens=7))
    tagged = Caps(Limits(input_tokens=1000), (Budget(NANO // 10, "total"),), True)
    assert caps.tags == (("project=x", tagged),)
    assert caps.models == (("claude-opus-*", Limits(requests=3)),)
    assert needs_prices(caps) == "house"


def test_a_budget_that_only_watches_refuses_nothing_and_needs_no_price() -> None:
    watching = read('[budgets.house]\nday = 5\nkind = "watch"')
    assert needs_prices(watching) == ""
    assert not enforces(watching.house)
    assert enforces(read("[budgets.each_key]\nday = 5").each_key)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("[limits]\nmax_wait = 5", "limits.max_wait", "did you mean 'max_wait_s'?"),
        ("[limits]\nrequests = 5", "limits.requests", "unknown key"),
        ("[limits]\neach_key = 5", "limits.each_key", "write [limits.each_key]"),
        ('[limits]\nwhen_unreachable = "maybe"', "limits.when_unreachable", '"closed"'),
        ("[limits]\nmax_wait_s = -1", "limits.max_wait_s", "at least 0"),
        ("[limits.house]\nrequests = 0", "limits.house.requests", "at least 1"),
        ("[limits.house]\nrequest = 1", "limits.house.request", "did you mean 'requests'?"),
        ("[limits.house]", "limits.house", "says nothing"),
        ("[limits.each_team]\nburst = 3", "limits.each_team.burst", "say requests"),
        ("[limits.each_keys]\nrequests = 1", "limits.each_keys", "did you mean 'each_key'?"),
        ("[limits.x]\nrequests = 1", "limits.x", "known here: house, each_key, each_team"),
        ('[limits."key:al"]\nrequests = 1', 'limits."key:al"', "headgate keys update al"),
        ('[budgets."team:al"]\nday = 1', 'budgets."team:al"', "headgate teams update al"),
        ('[limits."tga:x"]\nrequests = 1', 'limits."tga:x"', "did you mean 'tag'?"),
        ('[limits."tag:a b"]\nrequests = 1', 'limits."tag:a b"', "no call will ever have it"),
        ('[limits."model:"]\nrequests = 1', 'limits."model:"', "no pattern"),
        ("[budgets]\nday = 20", "budgets.day", "write [budgets.house]"),
        ("[budgets.house]\nday = 0", "budgets.house.day", "greater than 0"),
        ('[budgets.house]\nday = "-1"', "budgets.house.day", "no amount of dollars"),
        ('[budgets.house]\nday = "0.0000000001"', "budgets.house.day", "nine decimals"),
        ("[budgets.house]\nday = 2000000000", "budgets.house.day", "at most 1000000000"),
        ('[budgets.house]\nkind = "soft"', "budgets.house", "names no amount of money"),
        (
            '[budgets.house]\nday = 1\nkind = "hart"',
            "budgets.house.kind",
            "did you mean 'hard'",
        ),
        ("[budgets.house]\nday = 1\nwarn_at = [0.9, 0.5]", "budgets.house.warn_at", "order"),
        ("[budgets.house]\nday = 1\nwarn_at = [2]", "budgets.house.warn_at", "at most 1"),
        ('[budgets."model:x"]\nday = 1', 'budgets."model:x"', "known here: house"),
        ('[limits."tag:x"]\nday = 1', 'limits."tag:x".day', "unknown key"),
    ],
)
def test_a_cap_that_could_not_be_kept_is_refused_with_its_remedy(
    text: str, path: str, words: str
) -> None:
    told = refused(text)
    assert f"  {path} (line " in told
    assert words in told
    assert "has a mistake" in told, "one mistake is told once"


def test_all_mistakes_are_told_at_once() -> None:
    told = refused("""
[limits]
queue_calls = "many"
[limits.house]
burst = 2
[budgets.each_key]
day = 0
wek = 3
""")
    assert "has 5 mistakes" in told or "has 4 mistakes" in told
    for path in ("limits.queue_calls", "limits.house.burst", "budgets.each_key.wek"):
        assert path in told


UNKNOWN = """
[prices]
ceiling = false
[providers.anthropic]
[providers.own]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
free = true
[models]
fast = ["anthropic:nobody-knows-this", "anthropic:claude-haiku-5-5", "own:whatever"]
"also-unknown-here" = "anthropic"
"""


def test_a_budget_over_models_without_a_price_or_ceiling_does_not_start() -> None:
    told = refused(UNKNOWN + "[budgets.each_key]\nday = 1\n")
    assert "of anthropic:also-unknown-here, anthropic:nobody-knows-this, and" in told
    assert "claude-haiku" not in told
    assert "own:" not in told
    assert 'hint: add [prices.overrides."anthropic:also-unknown-here"]' in told
    assert "  budgets.each_key (line" in told


def test_a_price_of_ones_own_or_a_ceiling_makes_the_budget_possible() -> None:
    budget = "[budgets.each_key]\nday = 1\n"
    priced = "".join(
        f'[prices.overrides."anthropic:{name}"]\ninput = 1\noutput = 2\n'
        for name in ("nobody-knows-this", "also-unknown-here")
    )
    read(UNKNOWN + budget + priced)
    read(UNKNOWN.replace("ceiling = false", "") + budget)
    read(UNKNOWN + budget + 'kind = "watch"\n')
    read(UNKNOWN)


def test_the_same_is_asked_before_a_key_is_given_a_budget() -> None:
    config = load(UNKNOWN, ENV, source="headgate.toml")
    found = unpriced(config, NOW)
    assert found == ["anthropic:also-unknown-here", "anthropic:nobody-knows-this"]
    what, hint = objection(config, NOW)
    assert what.startswith("a budget cannot be kept: no price is known of anthropic:")
    assert "prices.ceiling" in hint
    assert objection(Config(), NOW) == ("", "")


def test_what_holds_for_an_account_is_its_own_and_else_what_all_have() -> None:
    caps = CapsConfig(
        house=Caps(Limits(requests=9)),
        each_key=Caps(Limits(requests=5, concurrent=2), (Budget(1, "day"),)),
        tags=(("a", Caps(Limits(requests=7))),),
    )
    own = [
        Capped("organisation:o", "organisation 'o'", NO_CAPS),
        Capped("key:k", "key 'al'", Caps(Limits(requests=3), (Budget(2, "month"),))),
    ]
    accounts = ("organisation:o", "team:t", "key:k", "tag:a", "tag:b")
    assert in_force(caps, accounts, own) == [
        Capped("house", "the whole house", caps.house),
        Capped(
            "key:k",
            "key 'al'",
            Caps(Limits(requests=3, concurrent=2), (Budget(2, "month"), Budget(1, "day"))),
        ),
        Capped("tag:a", "tag:a", Caps(Limits(requests=7))),
    ]


LIMITS = st.builds(Limits, *[st.integers(0, 10**9)] * 4, st.just(0)) | st.builds(
    Limits, st.integers(1, 10**6), st.just(0), st.just(0), st.just(0), st.integers(1, 9)
)
CAPS = st.builds(
    lambda limits, money, kind, lower, warn: Caps(
        limits,
        tuple(Budget(nusd, period, kind) for period, nusd in sorted(
            money.items(), key=lambda item: PERIODS.index(item[0])
        )),
        lower if money else False,
        tuple(sorted(warn)) if money else NO_CAPS.warn_at,
    ),
    LIMITS,
    st.dictionaries(st.sampled_from(PERIODS), st.integers(1, 10**15)),
    st.sampled_from(["hard", "soft", "watch"]),
    st.booleans(),
    st.sets(st.floats(0.01, 1), min_size=1, max_size=3),
)  # fmt: skip


@given(CAPS, CAPS, st.builds(lambda n: Limits(requests=n), st.integers(1, 9)))
def test_what_is_told_of_caps_reads_back_to_the_same(
    house: Caps, tagged: Caps, opus: Limits
) -> None:
    caps = CapsConfig(
        house=house,
        tags=(("a=b", tagged),) if tagged != NO_CAPS else (),
        models=(("claude-*", opus),),
    )
    lines = []
    for section, content in told(caps).items():
        plain = {k: v for k, v in content.items() if not isinstance(v, dict)}
        for path, pairs in [(section, plain)] + [
            (f'{section}."{name}"', pairs)
            for name, pairs in content.items()
            if isinstance(pairs, dict)
        ]:
            lines += [f"[{path}]", *(f"{k} = {toml(v)}" for k, v in pairs.items())]
    text = "\n".join(lines)
    assert tomllib.loads(text)["limits"]
    assert read(text) == caps


def toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
