"""`headgate sim`: serves a simulated provider on a port of this machine until it is stopped.

Rule 1: a scenario is read and checked before the port is opened.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from headgate.cli import Trouble
from headgate.cli.terminal import print_json, print_table, say
from headgate.gateway.serve import Listen, run, start
from headgate.sim.app import Options, Simulator
from headgate.sim.coder import BookError
from headgate.sim.coder import read as read_book
from headgate.sim.faults import WORDS, ScriptError, parse
from headgate.sim.scenario import Scenario, ScenarioError, load, shipped

EXAMPLE = """\b
Example: rehearse an outage of Anthropic, with OpenAI well
  headgate sim --scenario outage --port 4199
  curl http://127.0.0.1:4199/v1/messages -H 'x-api-key: any' \\
    -H 'anthropic-version: 2023-06-01' -H 'x-headgate-sim: 529' \\
    -d '{"model":"claude-opus-5-5","max_tokens":99,"messages":[{"role":"user","content":"hi"}]}'
"""


@click.command(epilog=EXAMPLE)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4199, show_default=True, help="Port; 0 takes a free one.")
@click.option("--seed", default=0, show_default=True, help="Same seed and calls, same bytes.")
@click.option(
    "--scenario",
    "name",
    default="calm",
    show_default=True,
    metavar="NAME|FILE",
    help="What happens: a shipped scenario, or a file of your own.",
)
@click.option("--pace", type=float, help="Seconds between content events of every stream.")
@click.option("--script", "words", default="", help="Words of the grammar for every call.")
@click.option(
    "--answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Tasks its models solve at known rates: a file of headgate bench answers.",
)
@click.option("--no-header-faults", is_flag=True, help="Ignore x-headgate-sim headers.")
@click.option("--list", "listing", is_flag=True, help="Show the shipped scenarios and exit.")
@click.option("--words", "grammar", is_flag=True, help="Show the grammar's words and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
def command(listing: bool, grammar: bool, as_json: bool, **settings: object) -> None:
    """A provider that costs nothing: both vendors' wires, with faults on request."""
    if listing or grammar:
        _print_known(grammar, as_json)
        return
    host, port = str(settings["host"]), int(str(settings["port"]))
    simulator = Simulator(_options(settings))

    async def serve(stop: asyncio.Event) -> None:
        try:
            running = await start(simulator, Listen(host, port, drain_s=1))
        except OSError as wrong:
            what = f"cannot listen on {host}:{port}: {wrong.strerror}"
            raise Trouble(
                what, "choose another port with --port, or 0 for a free one"
            ) from None
        _greet(running.url, simulator, as_json)
        await stop.wait()
        await running.stop()

    run(serve)


def _options(settings: dict[str, object]) -> Options:
    try:
        scenario = load(str(settings["name"]))
        pace = "" if settings["pace"] is None else f"pace={settings['pace']};"
        extra = parse(f"{pace}{settings['words']}")
        seed, answers = int(str(settings["seed"])), settings["answers"]
        book = read_book(answers, seed) if isinstance(answers, Path) else None
    except BookError as wrong:
        raise Trouble(str(wrong), "make one with: headgate bench answers") from None
    except (ScenarioError, ScriptError) as wrong:
        hint = "headgate sim --list shows the scenarios, --words the grammar"
        raise Trouble(str(wrong), hint) from None
    except OSError as wrong:
        raise Trouble(f"cannot read the scenario: {wrong}") from None
    return Options(
        seed=seed,
        scenario=scenario.with_always(extra),
        allow_header_faults=not settings["no_header_faults"],
        book=book,
    )


def _greet(url: str, simulator: Simulator, as_json: bool) -> None:
    scenario, seed = simulator.options.scenario, simulator.options.seed
    if as_json:
        print_json({"url": url, "scenario": scenario.title, "seed": seed})
        sys.stdout.flush()  # whoever started us reads the address while we run
    else:
        click.echo(url)
    say(f"simulated providers on {url}, scenario {scenario.title!r}, seed {seed}")
    say(f"  Anthropic: ANTHROPIC_BASE_URL={url}    OpenAI: OPENAI_BASE_URL={url}/v1")
    say(f"  any key is taken; change what happens: curl -X PUT {url}/sim/scenario -d 529")
    say("  ctrl-c stops it")


def _print_known(grammar: bool, as_json: bool) -> None:
    rows = _word_rows() if grammar else _scenario_rows(shipped())
    heads = ("word", "what it does") if grammar else ("scenario", "what happens")
    if as_json:
        print_json([dict(zip(("name", "about"), row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


def _scenario_rows(scenarios: dict[str, Scenario]) -> list[tuple[str, str]]:
    return [(name, scenario.about) for name, scenario in scenarios.items()]


def _word_rows() -> list[tuple[str, str]]:
    return [
        (name if word.parse is None or word.alone is not None else f"{name}=…", word.about)
        for name, word in WORDS.items()
    ]
