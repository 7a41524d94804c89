"""What a run asks: a gateway of its own or a running one, with prices known beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.bench.arm import Arm
from headgate.bench.ask import Question
from headgate.bench.asking import Asking
from headgate.cli import Misuse, Trouble
from headgate.cli.benchground import asked_gateway, key_of
from headgate.config import Config
from headgate.config.model import Ledger
from headgate.gateway import serve
from headgate.sim.app import Simulator
from headgate.wire.model import Usage
from tests.kit import ENV, HASTE, PROVIDERS, with_key

LADDER = """
[models]
strong = ["anthropic:claude-sonnet-5-5 x2", "openai:gpt-6.1-sol"]
"""
PLENTY = Usage(input_fresh=1000, output=1000)


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Config]:
    sim = await serve.start(Simulator(), serve.Listen())
    text = HASTE + LADDER + PROVIDERS.replace("{sim}", sim.url)
    read = await asyncio.to_thread(configuration.load, text, ENV, source="test")
    yield replace(read, ledger=Ledger(path=str(tmp_path / "ledger.db")))
    await sim.stop(at_once=True)


def question() -> Question:
    return Question(Arm(name="one", model="claude-sonnet-5-5"), "t", "hello", 0, "mine")


async def test_a_gateway_of_its_own_tells_what_its_ledger_has_of_a_run(config: Config) -> None:
    async with asked_gateway(config, "", "") as gateway:
        answer = await Asking(gateway).ask(question())
        assert answer.fault == ""
        assert answer.provider == "anthropic"
        row = await gateway.row(answer.id)
        assert row is not None
        assert row.cost_nusd == answer.cost_nusd > 0
        assert await gateway.spent("mine", 0) == answer.cost_nusd
        assert await gateway.spent("min", 0) == 0
        assert await gateway.spent("mine", row.at_us + 1) == 0


async def test_the_most_a_call_costs_counts_every_try_of_every_rung(config: Config) -> None:
    async with asked_gateway(config, "", "") as gateway:
        one = gateway.most("anthropic:claude-sonnet-5-5", PLENTY)
        other = gateway.price("openai", "gpt-6.1-sol", PLENTY)
        single = gateway.price("anthropic", "claude-sonnet-5-5", PLENTY)
        assert one is not None
        assert other is not None
        assert single is not None
        assert one >= single
        assert gateway.most("strong", PLENTY) == 2 * single + other
        unknown = gateway.most("anthropic:nobody-prices-it", PLENTY)
        assert unknown is not None  # the ledger counts it at the ceiling, so that is its most
        assert unknown > single
        assert gateway.price("anthropic", "nobody-prices-it", PLENTY) is None


async def test_of_a_gateway_elsewhere_nothing_but_its_replies_is_known(config: Config) -> None:
    async with asked_gateway(config, "http://127.0.0.1:9/v1/", "key") as gateway:
        assert gateway.url.path == ""
        assert gateway.key == "key"
        assert await gateway.row("any") is None
        assert await gateway.spent("any", 0) == 0
        assert gateway.most("anthropic:claude-sonnet-5-5", PLENTY) == gateway.price(
            "anthropic", "claude-sonnet-5-5", PLENTY
        )


async def test_what_cannot_be_asked_is_misuse_with_its_remedy(config: Config) -> None:
    with pytest.raises(Misuse, match="no address"):
        async with asked_gateway(config, "not an address", ""):
            pass
    with pytest.raises(Misuse, match="no provider"):
        async with asked_gateway(replace(config, providers=()), "", ""):
            pass
    await asyncio.to_thread(with_key, Path(config.ledger.path))
    with pytest.raises(Misuse, match="charged to one of them"):
        async with asked_gateway(config, "", ""):
            pass


def test_a_key_is_read_from_the_variable_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "secret")
    assert key_of("OUR_KEY") == "secret"
    monkeypatch.delenv("HEADGATE_KEY", raising=False)
    assert key_of("HEADGATE_KEY") == ""
    with pytest.raises(Trouble, match="GONE"):
        key_of("GONE")
