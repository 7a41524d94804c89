"""What is typed becomes a pattern, or every mistake in it is told at once with its remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import click
import pytest
from click.testing import CliRunner

from headgate.cli import Misuse, Trouble
from headgate.cli.workload import Asked, asked, gathered, share_text, workload_options
from headgate.money.pattern import Part, Peak, poisson
from headgate.money.rules import PriceRules

F = Fraction
USD = 10**9
PLAIN = {"requests": "1.2M/month", "input": "450", "output": "280", "model": ("gpt-4o",)}


def read(**words: Any) -> Asked:
    return asked(gathered({**PLAIN, **words}))


def test_amounts_are_read_as_they_are_written() -> None:
    pattern = read(peak="120/s", burst="400/2s", batch="20%", growth="5%", days="31").pattern
    assert [pattern.requests, pattern.input, pattern.output] == [1_200_000, 450, 280]
    assert pattern.peak == Peak(F(7_200), F(400), F(2))
    assert (pattern.batch, pattern.growth, pattern.days) == (F(1, 5), F(1, 20), 31)


def test_sizes_stand_for_the_input() -> None:
    pattern = read(input=None, sizes="0.9:50k,0.1:150k").pattern
    assert pattern.sizes == (Part(F(9, 10), F(50_000)), Part(F(1, 10), F(150_000)))
    assert pattern.input == 60_000


def test_how_often_a_prefix_is_read_is_said_in_one_of_three_ways() -> None:
    long = {"input": "6k", "prefix": "5k"}
    hit = read(**long, hit="70%").pattern.caching
    assert hit is not None
    assert hit.hit == F(7, 10)
    comes = read(**long, arrivals="8/min", ttl="1h", ttft="2").pattern.caching
    assert comes is not None
    assert comes.shares("1h", F(0)) == poisson(F(480), 3_600, F(2))
    heads = read(**long, heads="20").pattern
    assert heads.caching is not None
    assert heads.caching.shares("5m", heads.per_hour) == poisson(heads.per_hour / 20, 300)


def test_the_command_line_goes_before_a_preset_and_the_ledger() -> None:
    said = gathered({"preset": "001-retrieval", "arrivals": "9/h", "output": "50"})
    assert "hit" not in said
    assert (said["requests"], said["output"], said["prefix"]) == ("10k/day", "50", "800")
    seen = {"sizes": (Part(F(1), F(9)),), "prefix": F(3), "hit": F(1, 2), "scales": True}
    assert gathered({}, seen)["scales"]
    typed = gathered({"input": "5", "prefix": "2"}, seen)
    assert "sizes" not in typed
    assert "scales" not in typed


def test_prices_may_be_entered_for_all_models_or_for_one() -> None:
    found = read(
        model=("gpt-4o", "my-model"), price=("my-model:input=3,output=15", "gpt-4o:input=1")
    )
    costs = {it.model: str(it.rates.lines()[0].usd) for it in found.offers}
    assert costs == {"gpt-4o": "1", "my-model": "3"}
    (both,) = {
        str(it.rates.lines()[0].usd)
        for it in read(model=("gpt-4o", "gpt-5"), price=("input=7",)).offers
    }
    assert both == "7"


def test_the_operators_own_prices_hold_and_typed_ones_go_before_them() -> None:
    own = PriceRules(overrides=(("gpt-4o", (("input", "9"),)),))
    said = gathered(PLAIN)
    assert str(asked(said, own).offers[0].rates.lines()[0].usd) == "9"
    typed = gathered({**PLAIN, "price": ("input=8",)})
    assert str(asked(typed, own).offers[0].rates.lines()[0].usd) == "8"


def test_the_prices_are_those_of_a_day() -> None:
    found = read(on="2025-11-01", model=("openai:gpt-4o",))
    assert found.on == datetime(2025, 11, 1, 12, tzinfo=UTC)
    assert found.offers[0].provider == "openai"


def test_without_a_model_all_that_are_sold_are_compared() -> None:
    found = read(model=())
    assert len(found.offers) > 20
    assert not found.named
    assert found.limits["claude-sonnet-5-5"][0].tier == "Start"


def test_limits_may_be_entered_for_all_models_or_for_one() -> None:
    found = read(model=("gpt-4o", "gpt-5"), limit=("rpm=10k,itpm=2M,spend=500", "gpt-5:tpm=9"))
    (one,) = found.limits["gpt-4o"]
    assert (one.rpm, one.itpm, one.spend_nusd) == (10_000, 2_000_000, 500 * USD)
    assert found.limits["gpt-5"][0].tpm == 9


def test_each_model_may_be_left_to_count_its_own_tokens() -> None:
    assert read(counted_with="claude-sonnet-4-6").pattern.counted_with == "claude-sonnet-4-6"
    assert read(counted_with="each").pattern.counted_with == ""


def test_what_else_is_paid_is_named() -> None:
    found = read(tier_fee="500", cache_infra="1.2k", review="2400,6,100", extra=("staff=9",))
    assert [(it.name, it.nusd) for it in found.extras] == [
        ("rate tier fee", 500 * USD),
        ("cache of your own", 1_200 * USD),
        ("review labour", 24_000 * USD),
        ("staff", 9 * USD),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"requests": ""}, "--requests: is missing"),
        ({"input": "many"}, "--input: 'many' is no amount"),
        ({"sizes": "1:5"}, "--sizes: says what --input says"),
        ({"input": None, "sizes": "50k"}, "--sizes: '50k' is no size"),
        ({"input": None, "sizes": "0.5:5"}, "--sizes: their shares do not add up"),
        ({"prefix": "800", "hit": "1"}, "--prefix: 800 tokens are more than the 450"),
        ({"prefix": "8", "hit": "1", "arrivals": "9/h"}, "--hit and arrivals"),
        ({"prefix": "8", "hit": "1", "heads": "9"}, "--heads: --hit or --arrivals say"),
        ({"prefix": "8", "ttl": "2h"}, "--ttl: '2h' is none"),
        ({"hit": "0.5"}, "--hit: needs --prefix"),
        ({"on": "yesterday"}, "--on: 'yesterday' is no day"),
        ({"review": "5"}, "--review: '5': write CHANGES"),
        ({"extra": ("5",)}, "--extra: '5' is no NAME=DOLLARS"),
        ({"price": ("soon=5",)}, "--price: 'soon=5' is no price"),
        ({"price": ("input=-5",)}, "--price: '-5' is no price"),
        ({"price": ("output=0.00000000001",)}, "--price: "),
        ({"price": ("input=5",), "model": ()}, "--price input=5: say whose"),
        ({"limit": ("rph=5",)}, "--limit: 'rph=5' is no limit"),
        ({"limit": ("rpm=many",)}, "--limit: 'many' is no amount"),
        ({"limit": ("rpm=0",)}, "--limit: 'rpm=0' lets nothing through"),
        ({"limit": ("gpt-4:rpm=5",)}, "not among the models; did you mean gpt-4o"),
        ({"price": ("gpt-4:input=5",)}, "not among the models; did you mean gpt-4o"),
        ({"requests": "1,5M"}, "decimals stand after a point: 1.5M"),
        ({"growth": "5"}, "--growth: '5' would be 500% a month"),
        ({"days": "30.5"}, "--days: '30.5' is no whole number"),
        ({"preset": "01-retrieval"}, "did you mean 001-retrieval"),
        ({"batch": "3"}, "--batch: is a share"),
        ({"batch_hit": "3"}, "--batch-hit: is a share"),
    ],
)
def test_each_mistake_is_told_with_its_option(words: dict[str, Any], told: str) -> None:
    with pytest.raises(Misuse) as caught:
        read(**words)
    assert told in caught.value.message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Misuse) as caught:
        read(requests="x", input="y", output="z", growth="w")
    assert len(caught.value.message.splitlines()) == 4
    assert "headgate cost --requests" in caught.value.hint


def test_a_model_without_a_price_is_told_with_what_is_like_it() -> None:
    with pytest.raises(Trouble, match="did you mean claude-sonnet-5") as caught:
        read(model=("claude-sonet-5",))
    assert "--price claude-sonet-5:input=3,output=15" in caught.value.hint


def test_every_word_is_an_option_with_its_help() -> None:
    @click.command()
    @workload_options
    def command(**said: Any) -> None:
        click.echo(said["batch_hit"])

    result = CliRunner().invoke(command, ["--batch-hit", "40%"])
    assert result.output == "40%\n"


def test_shares_are_shown_as_people_read_them() -> None:
    assert share_text(F(1, 3)) == "33.3%"
    assert share_text(F(1, 3), 0) == "33%"
