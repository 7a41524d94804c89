"""Which cores judge what a benchmark asks: this machine's, or those of a cluster by `--on`.

Rule 1: judging has its places to itself: all cores, and nobody's waiting line in between.
Rule 2: what cannot judge is told with a remedy before anything is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from headgate.bench.cluster import Cluster
from headgate.bench.judges import Here, Judges
from headgate.bench.raylink import link
from headgate.bench.task import Task
from headgate.cli import Misuse, Trouble
from headgate.cli.terminal import say
from headgate.config import load_places
from headgate.sandbox.model import Refused, Unavailable
from headgate.sandbox.settings import Settings


class Ground(NamedTuple):
    """Where judging is to be done, as the command says it."""

    config_path: str | None
    on: str = ""
    """a cluster's address; "": this machine"""


@contextlib.asynccontextmanager
async def judging(ground: Ground, tasks: Sequence[Task]) -> AsyncIterator[Judges]:
    """Who judges these tasks; Trouble where nobody can."""
    settings = await asyncio.to_thread(judging_settings, ground.config_path)
    try:
        async with await _cores(ground, settings, tasks) as judges:
            yield judges
    except Refused as bad:
        raise Misuse(bad.what, bad.remedy) from bad
    except Unavailable as missing:
        raise Trouble(missing.what, missing.remedy) from missing


async def _cores(ground: Ground, settings: Settings, tasks: Sequence[Task]) -> Here | Cluster:
    if not ground.on:
        return Here(settings)
    return Cluster(await link(ground.on), tasks, settings, say)


def judging_settings(config_path: str | None) -> Settings:
    """[sandbox] as configured; all cores for us, who are the only tenant."""
    settings = load_places(Path(config_path) if config_path else None, os.environ).sandbox
    places = settings.at_once
    return replace(settings, concurrent_per_tenant=places, waiting=100_000, wait_s=3600.0)
