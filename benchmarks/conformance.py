"""Headgate and LiteLLM through the same conformance suite, in one run.

Rule 1: both are started as their users start them, from the configurations that
        `headgate doctor --print-config` shows; the suite itself is src/headgate/conformance.
Rule 2: what was seen is written to docs/reference/conformance.json; `make docs` draws the page.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, targets, toolbox
from benchmarks.toolbox import BenchError
from headgate.conformance import report, setups
from headgate.conformance.families import chosen
from headgate.conformance.runner import Gateway, Played, play_all, warm_up
from headgate.conformance.script import Scripted
from headgate.gateway import serve

RESULT = toolbox.ROOT / "docs" / "reference" / "conformance.json"
CLIENT_KEY = "sk-client-of-the-suite"
LONGEST = 400
"""characters of what was seen of a failure, and"""
MOST = 3
"""of such sentences, that are kept"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a gateway is set up."""

    folder: Path
    port: int
    upstream_port: int
    core: int

    def configuration(self, name: str) -> Path:
        path = self.folder / setups.SETUPS[name].file
        upstream = f"http://127.0.0.1:{self.upstream_port}"
        path.write_text(setups.text_of(name, upstream, self.port))
        return path


@contextlib.contextmanager
def headgate(site: Site) -> Iterator[str]:
    """Gives the client's key."""
    conf, program = site.configuration("headgate"), targets.headgate_program()
    env = targets.clean_environment() | setups.environment(CLIENT_KEY)
    env["HEADGATE_HOME"] = str(site.folder / "home")
    create = [program, "keys", "create", "--name", "suite", "--config", str(conf), "--json"]
    key = targets.make_key(create, env)
    line = [program, "up", "--config", str(conf), "--log", str(site.folder / "calls.log")]
    command = targets.Command(line, env, site.port, "/healthz", site.folder / "out.log")
    with targets.started(command, site.core):
        yield key


@contextlib.contextmanager
def litellm(site: Site) -> Iterator[str]:
    conf = site.configuration("litellm")
    env = targets.clean_environment() | setups.environment(CLIENT_KEY)
    env |= {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    program = str(targets.litellm_python().with_name("litellm"))
    line = [program, "--config", str(conf), "--host", "127.0.0.1"]
    line += ["--port", str(site.port), "--num_workers", "1"]
    command = targets.Command(
        line, env, site.port, "/health/liveliness", site.folder / "out.log"
    )
    with targets.started(command, site.core):
        yield CLIENT_KEY


GATEWAYS = {
    "Headgate": (headgate, targets.headgate_version),
    "LiteLLM": (litellm, lambda: targets.LITELLM.partition("==")[2]),
}


async def play(url: str, key: str, upstream_port: int, *, quick: bool) -> list[Played]:
    """The whole suite against a gateway that runs."""
    scripted = Scripted()
    cases = chosen(long=not quick)
    upstream = await serve.start(scripted, serve.Listen(port=upstream_port))
    try:
        gateway = Gateway(url, key, setups.NAMES)
        await warm_up(cases, gateway, scripted)
        return await play_all(cases, gateway, scripted)
    finally:
        await upstream.stop(at_once=True)


def tested(name: str, folder: Path, *, quick: bool) -> Json:
    """What came of one gateway."""
    start, version = GATEWAYS[name]
    own = folder / name
    own.mkdir()
    site = Site(own, targets.free_port(), targets.free_port(), machine.cores()[0])
    with start(site) as key:
        url = f"http://127.0.0.1:{site.port}"
        played = asyncio.run(play(url, key, site.upstream_port, quick=quick))
    return {
        "name": name,
        "version": version(),
        "totals": report.totals(played),
        "cases": [kept(each, [str(own), str(site.port)]) for each in played],
    }


def kept(each: Played, local: list[str]) -> Json:
    """A case's ruling without what differs from run to run."""
    why = [_cut(sentence, local) for sentence in each.ruling.why[:MOST]]
    case = each.case
    seen: Json = {"family": each.family, "promise": case.name}
    seen |= {"caller": case.caller, "upstream": case.upstream, "ruling": each.ruling.state}
    return {**seen, "why": why} if why else seen


def _cut(sentence: str, local: list[str]) -> str:
    told = functools.reduce(lambda text, word: text.replace(word, "…"), local, sentence)
    return told if len(told) <= LONGEST else told[:LONGEST] + "…"


def arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.conformance",
        description="Headgate and LiteLLM through the same conformance suite.",
        epilog="example: python -m benchmarks.conformance --gateways Headgate --quick",
    )
    parser.add_argument("--gateways", default=",".join(GATEWAYS), help="comma list")
    parser.add_argument("--quick", action="store_true", help="without what takes a minute")
    parser.add_argument("--keep", action="store_true", help="write the docs' JSON")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    options = arguments(words)
    names = [name for name in options.gateways.split(",") if name]
    try:
        if strangers := [name for name in names if name not in GATEWAYS]:
            known = ", ".join(GATEWAYS)
            raise BenchError(f"unknown: {', '.join(strangers)}\nhint: one of {known}")
        if "LiteLLM" in names:
            targets.prepare_litellm()
        with tempfile.TemporaryDirectory(prefix="headgate-conformance-") as folder:
            found = [tested(name, Path(folder), quick=options.quick) for name in names]
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    for each in found:
        counts = each["totals"]
        print(
            f"{each['name']} {each['version']}: {counts['holds']} hold, {counts['fails']} fail,"
            f" {counts['none']} do not apply"
        )
    if options.keep:
        at = datetime.now(UTC).date().isoformat()
        result = {"at": at, "commit": machine.commit(), "gateways": found}
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        print(f"written to {RESULT.relative_to(toolbox.ROOT)}; now: make docs")
    ours = next((each["totals"] for each in found if each["name"] == "Headgate"), {"fails": 0})
    return bool(ours["fails"])


if __name__ == "__main__":
    sys.exit(main())
