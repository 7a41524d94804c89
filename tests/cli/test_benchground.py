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
from headgate.bench.reckoning import Billed
from headgate.cli import Misuse, Trouble
from headgate.cli.benchground import asked_gateway, key_of
from headgate.config import Config
from headgate.config.model import Ledger
from headgate.gateway import serve
from headgate.sim.app import Options, Simulator
from headgate.sim.scenario import read
from headgate.upstream import Url
from headgate.wire.model import Usage
from tests.gateway.test_serve import certificate
from tests.kit import ENV, HASTE, PROVIDERS, with_key
from tests.upstream.far import far_away

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
        billed = Billed(answer.cost_nusd, is_sure=True)
        assert await gateway.billed("mine", 0) == {answer.id: billed}
        assert await gateway.billed("min", 0) == {}
        assert await gateway.billed("mine", row.at_us + 1) == {}


WAY_S, HEAD_S, PACE_S, PIECES = 0.04, 0.15, 0.03, 8


@pytest.mark.slow
async def test_network_wait_and_writing_are_told_apart(tmp_path: Path) -> None:
    """The truth is known: each byte is WAY_S on its way, the head takes HEAD_S, the text is
    written in pieces."""
    await asyncio.to_thread(certificate, tmp_path, "far away")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    script = f"head-delay={HEAD_S};events={PIECES};pace={PACE_S}"
    scenario = read(f'title = "x"\nabout = "x"\nalways = "{script}"\n')
    sim = await serve.start(
        Simulator(Options(scenario=scenario)), serve.Listen(cert=cert, key=key)
    )
    with far_away(Url.parse(sim.url).port, WAY_S) as port:
        places = f"https://127.0.0.1:{port}"
        text = HASTE + PROVIDERS.replace("{sim}", places)
        read_config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
        ours = tuple(replace(it, verify_tls=False) for it in read_config.providers)
        ledger = Ledger(path=str(tmp_path / "ledger.db"))
        config = replace(read_config, providers=ours, ledger=ledger)
        async with asked_gateway(config, "", "") as gateway:
            asking = Asking(gateway)
            await asking.ask(question())  # it opens the connection
            answers = [await asking.ask(question()) for _ in range(3)]
    await sim.stop(at_once=True)
    assert [it.fault for it in answers] == [""] * 3
    network = min(it.network_us or 0 for it in answers) / 1e6
    wait = min(it.ttft_us - (it.network_us or 0) for it in answers) / 1e6
    writing = min(it.took_us - it.ttft_us for it in answers) / 1e6
    assert 2 * WAY_S <= network < 3 * WAY_S
    assert HEAD_S - WAY_S <= wait < 2 * HEAD_S
    # what comes late of its first piece is no time of writing
    assert (PIECES - 2) * PACE_S <= writing < 3 * PIECES * PACE_S


async def test_with_a_gateway_elsewhere_only_the_way_to_it_is_seen(config: Config) -> None:
    sim = await serve.start(Simulator(Options(require_key=False)), serve.Listen())
    async with asked_gateway(config, sim.url, "key") as gateway:
        answer = await Asking(gateway).ask(question())
        assert await gateway.way_us("anthropic") is None
    await sim.stop(at_once=True)
    assert answer.network_us is not None
    assert 0 < answer.network_us < answer.ttft_us


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
        assert await gateway.billed("any", 0) == {}
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
