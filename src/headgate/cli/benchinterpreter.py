"""Does what `headgate bench interpreter` asks: places here and at vendors, runs, a report.

Rule 1: what lacks, a key or a package, is found and named before anything is measured.
Rule 2: a vendor that is not reached at its own address is named as what it is: no vendor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import msgspec

from headgate.bench.interpreter.execution import Execution, Place, Run
from headgate.bench.interpreter.figures import Findings, findings
from headgate.bench.interpreter.page import notes, page, tables, warnings
from headgate.bench.interpreter.reading import BadWorkload, chosen, read_all
from headgate.bench.interpreter.running import Bench, NotThere, Plan, job_of
from headgate.bench.interpreter.workload import Workload
from headgate.cli import Misuse, Trouble
from headgate.cli.benchjudge import judging_settings
from headgate.cli.progress import Progress, progress
from headgate.cli.range import cap_nusd
from headgate.cli.terminal import dollars, print_json, print_table, safe, say
from headgate.cli.whole import write_whole
from headgate.config import Config, load_file
from headgate.money.catalog import Catalog
from headgate.sandbox.hosted.away import Away
from headgate.sandbox.hosted.choice import LOCAL
from headgate.sandbox.hosted.vendor import vendors
from headgate.sandbox.model import Job, Refused, Result, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.upstream import Url

FOUND, UNFINISHED = 1, 3
PROBE = """
import importlib.util
import sys

print(*(it for it in sys.argv[1:] if importlib.util.find_spec(it) is None))
"""
LOOPBACK = ("127.", "localhost", "[::1]", "::1")


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    on: str
    families: tuple[str, ...]
    workloads: tuple[str, ...]
    cold: int
    warm: int
    at_once: str
    max_cost: float
    html: Path | None
    as_json: bool
    config_path: str | None


def run_interpreters(asked: Asked) -> int:
    """All of it; the exit code: 1 where a place got something wrong."""
    if asked.html is not None and not asked.html.parent.is_dir():
        raise Misuse(f"there is no folder {asked.html.parent}", "name another: --html FILE")
    try:
        workloads = chosen(read_all(), asked.families, asked.workloads)
    except BadWorkload as error:
        raise Misuse(str(error), "headgate bench interpreter --list names them") from error
    cap = cap_nusd(asked.max_cost)
    plan = Plan(workloads, asked.cold, asked.warm, _levels(asked.at_once), cap)
    with progress() as line:
        try:
            found = asyncio.run(_run(asked, plan, line))
        except NotThere as lacking:
            raise Trouble(lacking.what, lacking.remedy) from lacking
        except Refused as refused:
            raise Misuse(refused.what, refused.remedy) from refused
        except Unavailable as missing:
            raise Trouble(missing.what, missing.remedy) from missing
    _tell(asked, found)
    if found.is_capped:
        return UNFINISHED
    return FOUND if any(it.wrong for it in found.places) else 0


def list_workloads(*, as_json: bool) -> int:
    """What there is to be run."""
    them = read_all()
    if as_json:
        print_json(them)
        return 0
    rows = [[it.id, f"{it.rows:,}" if it.rows else "", it.title] for it in them]
    print_table(["workload", "rows", "what it does"], rows)
    return 0


def _levels(text: str) -> tuple[int, ...]:
    try:
        levels = tuple(int(it) for it in text.split(",") if it.strip())
    except ValueError:
        levels = (0,)
    if any(not 0 < it <= 256 for it in levels):
        raise Misuse(f"--at-once {text}: numbers from 1 to 256", "such as --at-once 1,2,4,8")
    return levels


async def _run(asked: Asked, plan: Plan, line: Progress) -> Findings:
    settings = await asyncio.to_thread(judging_settings, asked.config_path)
    path = Path(asked.config_path) if asked.config_path else None
    config = await asyncio.to_thread(load_file, path, os.environ)
    catalog = await asyncio.to_thread(Catalog.load, config.prices.rules)
    names = list(dict.fromkeys(it.strip() for it in asked.on.split(",") if it.strip()))
    if not names:
        raise Misuse("--on names no place", "such as --on local,openai")
    async with Away(config.providers, catalog, settings) as away:
        places = [
            await _here(away, settings, plan.workloads)
            if name == LOCAL
            else _there(away, config, name, plan.workloads)
            for name in names
        ]
        _foresee(plan, places)
        count = plan.runs * len(places)
        done = 0

        def seen(it: Execution, spent_nusd: int) -> None:
            nonlocal done
            done += 1
            line.step(f"{done} of {count}: {it.place}, {it.how}, {dollars(spent_nusd)}")

        outcome = await Bench(plan, seen).run(places)
    return findings(places, outcome)


def _foresee(plan: Plan, places: Sequence[Place]) -> None:
    """Say what it will probably cost, if anything; Misuse beyond the cap."""
    each = plan.runs // len(plan.workloads)
    nusd = sum(each * it.about_nusd(job_of(w)) for it in places for w in plan.workloads)
    if not nusd:
        return
    say(f"{plan.runs:,} runs at each place, probably {dollars(nusd)} in all")
    if nusd > plan.cap_nusd:
        cap = dollars(plan.cap_nusd)
        raise Misuse(
            f"that is more than --max-cost, {cap}",
            "raise it, or take fewer: --family, --warm, --at-once",
        )


async def _here(away: Away, settings: Settings, workloads: Sequence[Workload]) -> Place:
    """This machine's sandbox."""
    second_usd = settings.second_usd
    price = f"${second_usd} a second of execution ([sandbox] second_usd)"
    if float(second_usd) == 0:
        price = "no price is set for this machine ([sandbox] second_usd), so it costs nothing"
    wanted = sorted({it for one in workloads for it in one.needs})

    async def cold(job: Job) -> Result:
        async with Sandbox(settings) as sandbox:
            return await sandbox.run(job)

    @contextlib.asynccontextmanager
    async def ready() -> AsyncIterator[tuple[Run, int]]:
        async with Sandbox(settings) as sandbox:
            await sandbox.run(_warming(wanted))
            await sandbox.run(_warming(()))
            yield sandbox.run, 0

    @contextlib.asynccontextmanager
    async def many() -> AsyncIterator[Run]:
        async with ready() as (run, _):
            yield run

    await _have(settings, wanted)
    about_nusd = (await asyncio.to_thread(away.places, _warming(())))[0].about_nusd
    return Place(LOCAL, "", price, cold, ready, many, lambda _: about_nusd)


def _warming(names: Sequence[str]) -> Job:
    return Job("python", "\n".join(["pass", *(f"import {it}" for it in names)]), cached=False)


async def _have(settings: Settings, names: Sequence[str]) -> None:
    """Trouble where a package that the workloads import is not there."""
    async with Sandbox(replace(settings, spares=0)) as sandbox:
        found = await sandbox.run(Job("python", PROBE, args=tuple(names)))
    missing = found.stdout.split()
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise Trouble(
            f"{', '.join(missing)} {verb} not installed where the code runs",
            "pip install 'headgate[sci]', or --family algorithms, which needs none of it",
        )


def _there(away: Away, config: Config, name: str, workloads: Sequence[Workload]) -> Place:
    """A vendor's interpreter."""
    memory_mb = max(it.memory_mb for it in workloads)
    away.about(name, job_of(workloads[0]))  # Refused says who cannot be asked, and why
    wanted = name.partition(":")[0]
    provider = next(
        it for it in config.providers if wanted in (it.name, it.kind) and it.kind in vendors()
    )
    vendor = vendors()[provider.kind]
    host = Url.parse(provider.base_url).host
    told = ""
    if host.startswith(LOOPBACK):
        told = (
            f"served from {host}: a simulator or a stand-in, and not {vendor.title}; "
            "nothing here says how fast or how right the vendor is"
        )
    size = vendor.size(memory_mb) or vendor.sizes[-1]
    minutes = vendor.billed_from_s // 60
    price = (
        f"${size.hour_usd} an hour of a container of {size.memory_mb:,} MB, {minutes} minutes"
        f" at least, and the model's tokens (prices as of {vendor.checked})"
    )

    async def cold(job: Job) -> Result:
        return await away.run(name, job)

    @contextlib.asynccontextmanager
    async def ready() -> AsyncIterator[tuple[Run, int]]:
        async with away.held(name, memory_mb) as (container, cost_nusd):
            first = await away.run(name, Job("python", "pass", session=container))

            async def warm(job: Job) -> Result:
                return await away.run(name, msgspec.structs.replace(job, session=first.id))

            yield warm, cost_nusd + first.cost_nusd

    @contextlib.asynccontextmanager
    async def many() -> AsyncIterator[Run]:
        yield cold

    return Place(name, told, price, cold, ready, many, lambda job: away.about(name, job)[0])


def _tell(asked: Asked, found: Findings) -> None:
    _show(asked, found)
    if asked.html is not None:
        write_whole(asked.html, page(found), "--html FILE")
        say(f"written to {asked.html}")


def _show(asked: Asked, found: Findings) -> None:
    if asked.as_json:
        print_json(found)
        return
    for warning in warnings(found):
        say(warning)
    for title, heads, rows in tables(found):
        click.echo(f"\n{title}")
        print_table(heads, [[safe(it) for it in row] for row in rows])
    click.echo("")
    for note in notes(found):
        click.echo(safe(note))
