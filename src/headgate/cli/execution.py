"""What `headgate exec` does: gathers code and files into a job, runs it, tells what came of it.

Rule 1: nothing is read that is larger than it may be; nothing is written but what code left.
Rule 2: Ctrl-C ends the run; what it printed until then was shown already.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from headgate.cli import Misuse, Trouble
from headgate.cli.contained import contained
from headgate.cli.executionview import Teller, exit_code
from headgate.cli.terminal import print_json, say
from headgate.sandbox import catalogue, warming
from headgate.sandbox.chunks import Chunking
from headgate.sandbox.journal import OnDisk
from headgate.sandbox.model import File, Job, Limits, Refused, Result, Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings

Found = TypeVar("Found")
MOST_CODE, MOST_FILES = 4 << 20, 1 << 30
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|MiB|GB|GiB|M|G)?", re.ASCII | re.IGNORECASE)
LOCAL = "local"
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    source: str
    as_json: bool
    config_path: str | None
    words: tuple[str, ...]
    language: str | None
    files: tuple[str, ...]
    out: Path
    is_fed: bool
    wall: str
    memory: str
    disk: str
    processes: int
    on: str
    chunks: str | None
    chunk_rows: int | None
    checkpoint: Path | None
    packages: bool
    tier: str | None
    is_understood: bool


def run(asked: Asked) -> int:
    """What the command exits with."""
    warming.progress.set(say)
    settings = _settings(asked)
    job = _job(asked)
    teller = Teller(asked.out, asked.as_json)
    try:
        result = asyncio.run(_run(asked, job, settings, teller))
    except Refused as refused:
        raise Misuse(refused.what, refused.remedy) from None
    except Unavailable as lacking:
        raise Trouble(lacking.what, lacking.remedy) from None
    if asked.as_json:
        print_json(result)
    teller.tell(result)
    return exit_code(result)


async def _run(asked: Asked, job: Job, settings: Settings, teller: Teller) -> Result:
    if asked.on != LOCAL:
        from headgate.cli.executionaway import run_away  # a client of HTTP, rarely needed

        return await run_away(asked.on, job, settings, asked.config_path, teller.heard)
    async with Sandbox(settings) as sandbox:
        if not asked.chunks:
            return await sandbox.run(job, teller.heard)
        journal = OnDisk(asked.checkpoint) if asked.checkpoint else None
        chunked = await sandbox.run_in_chunks(job, _chunking(asked), teller.heard, journal)
    done = f"{chunked.slices} slices of at most {chunked.rows:,} rows, {chunked.total:,} in all"
    say(done + (f"; {chunked.resumed} were done before" if chunked.resumed else ""))
    return chunked.result


def _settings(asked: Asked) -> Settings:
    settings = contained(asked.config_path)
    if asked.tier == "none" and not asked.is_understood:
        raise Misuse(
            "--tier none contains nothing: the code may do whatever you may do",
            "if you wrote it yourself, add --i-understand",
        )
    if asked.tier == "none":
        return replace(settings, tier="none", minimum="none", uncontained=True, spares=0)
    if asked.tier:
        settings = replace(settings, tier=asked.tier)
    return replace(settings, spares=0)


def _job(asked: Asked) -> Job:
    code = _code(asked.source)
    if asked.language:
        language = told(lambda: catalogue.named(asked.language or ""))
    elif asked.source == "-":
        language = catalogue.named("python")
    else:
        language = told(lambda: catalogue.of_file(asked.source, code))
    named = [*asked.files]
    if asked.chunks and not asked.chunks.isdigit():
        named.append(asked.chunks)
    return Job(
        language=language.name,
        code=code,
        files=_files(named),
        args=asked.words,
        stdin=sys.stdin.buffer.read(MOST_FILES) if asked.is_fed else b"",
        limits=Limits(
            wall_s=_span("--wall", asked.wall),
            memory_mb=size("--memory", asked.memory),
            disk_mb=size("--disk", asked.disk),
            processes=asked.processes,
            inline_bytes=64 << 20,
        ),
    )


def told(find: Callable[[], Found]) -> Found:
    """What is found, or a mistake of whoever typed."""
    try:
        return find()
    except Refused as refused:
        raise Misuse(refused.what, refused.remedy) from None


def _code(source: str) -> str:
    if source == "-":
        data = sys.stdin.buffer.read(MOST_CODE + 1)
        name = "stdin"
    else:
        name = source
        data = _read(Path(source), MOST_CODE, "code")
    if len(data) > MOST_CODE:
        raise Misuse(f"{name}: code is at most {MOST_CODE >> 20} MB", "give data by --file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misuse(
            f"{name}: is no text in UTF-8", "code is text; give data by --file"
        ) from None
    if "\0" in text:
        raise Misuse(f"{name}: is no text: it has zero bytes", "give data by --file")
    return text


def _files(named: list[str]) -> tuple[File, ...]:
    found: dict[str, File] = {}
    room = MOST_FILES
    for each in named:
        name, given, path = each.partition("=")
        source = Path(path if given else each)
        name = name if given else source.name
        data = _read(source, room, "files")
        room -= len(data)
        if name in found:
            raise Misuse(f"two files are called {name}", "name one otherwise: --file NAME=PATH")
        found[name] = File(name, data, os.access(source, os.X_OK))
    return tuple(found.values())


def _read(path: Path, most: int, what: str) -> bytes:
    try:
        if not path.is_file():
            reason = "there is no such file" if not path.exists() else "it is no regular file"
            raise Misuse(f"{path}: {reason}", "headgate exec --help shows an example")
        size = path.stat().st_size
        if size > most:
            raise Misuse(
                f"{path} has {size / 1e6:,.0f} MB: {what} may have {most / 1e6:,.0f} MB",
                "give a part of it" if what == "files" else "give data by --file",
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Trouble(f"{path} cannot be read: {reason}", "is it yours?") from error


def _span(option: str, text: str) -> float:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Misuse(f"{option} {text}: is no time", "write 30s, 500ms or 2m")
    return float(found[1]) * SECONDS[found[2] or "s"]


def size(option: str, text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise Misuse(f"{option} {text}: is no size", "write 512MB or 2GB")
    times = 1024 if (found[2] or "M")[0] in "gG" else 1
    return round(float(found[1]) * times)


def _chunking(asked: Asked) -> Chunking:
    rows = asked.chunk_rows or 0
    if (asked.chunks or "").isdigit():
        return Chunking(items=int(asked.chunks or 0), rows=rows)
    return Chunking(file=Path(asked.chunks or "").name, rows=rows)
