"""headgate exec --on: runs the same code at a vendor's interpreter, with the key configured.

Rule 1: where it ran, why there, and what it cost is said on stderr, whatever stdout holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from headgate.cli.terminal import dollars, say
from headgate.config import load_file
from headgate.money.catalog import Catalog
from headgate.sandbox.hosted.away import Away
from headgate.sandbox.model import Heard, Job, Output, Result
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings


async def run_away(
    on: str,
    job: Job,
    settings: Settings,
    config_path: str | None,
    heard: Callable[[Heard], None],
) -> Result:
    """Run it where `on` says, and say where that was, why, and what it cost."""
    config = load_file(Path(config_path) if config_path else None, os.environ)

    async def here(it: Job) -> Result:
        async with Sandbox(settings) as sandbox:
            return await sandbox.run(it, heard)

    async with Away(config.providers, Catalog.load(config.prices.rules), settings) as away:
        result = await away.run(on, job, here)
    if result.on == "local":
        say(f"ran here: {result.why}" if result.why else "ran here")
        return result
    heard(Output("stdout", result.stdout))
    heard(Output("stderr", result.stderr))
    tokens = f"{result.input_tokens:,} tokens in, {result.output_tokens:,} out"
    say(f"ran at {result.on}: {result.model}, {tokens}, {dollars(result.cost_nusd)}")
    if result.why:
        say(f"there because {result.why}")
    return result
