"""How a run is shown: its output as it comes, its files where they were asked for, its end.

Rule 1: on a terminal, what code prints cannot steer it.
Rule 2: a file that code left is written whole, inside the folder that was named, never through
a link that stands there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headgate.cli import FAILURE, Trouble
from headgate.cli.terminal import safe, say
from headgate.sandbox.model import LIMITED, Artefact, Heard, Output, Result, Status

LIMIT, SIGNALLED = 124, 128
TOLD = frozenset({Status.OK, Status.ERROR})
"""ends that need no words of ours"""


class Teller:
    """Shows one run."""

    def __init__(self, out: Path, is_quiet: bool) -> None:
        self._out, self._is_quiet = out, is_quiet
        self._has_ended_line = {"stdout": True, "stderr": True}

    def heard(self, it: Heard) -> None:
        """Show output at once."""
        if not isinstance(it, Output) or self._is_quiet or not it.text:
            return
        to = sys.stdout if it.stream == "stdout" else sys.stderr
        to.write(_harmless(it.text) if to.isatty() else it.text)
        to.flush()
        self._has_ended_line[it.stream] = it.text.endswith("\n")

    def tell(self, result: Result) -> None:
        """What came of it, in words; its files are written."""
        if not all(self._has_ended_line.values()) and sys.stderr.isatty():
            say("")
        for each in result.artefacts:
            say(self._write(each))
        if result.lost_bytes:
            say(f"{result.lost_bytes:,} bytes of output are not shown: over the limit")
        if result.status not in TOLD:
            say(f"Error: {_ended(result)}")
            if result.hint:
                say(f"\nhint: {result.hint}")
        if sys.stderr.isatty() and not self._is_quiet:
            say(_figures(result))

    def _write(self, it: Artefact) -> str:
        if it.data is None:
            return f"not written: {safe(it.path)} ({it.size:,} bytes) is too large"
        place = self._out / it.path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            part = place.with_name(f".{place.name[:200]}.{os.getpid()}.part")
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with open(handle, "wb") as file:
                file.write(it.data)
            os.replace(part, place)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Trouble(
                f"{place} cannot be written: {reason}", "name another: --out"
            ) from error
        return f"{safe(str(place))}  {it.mime}, {it.size:,} bytes"


def exit_code(result: Result) -> int:
    """What tells a script how it ended."""
    if result.status == Status.OK:
        return 0
    if result.status in LIMITED:
        return LIMIT
    if result.status == Status.SIGNAL:
        return SIGNALLED + (result.signal or 0)
    return result.exit_code or FAILURE


def _ended(result: Result) -> str:
    if result.status == Status.SIGNAL:
        return f"signal {result.signal} ended it"
    words = {
        Status.BUILD: "it was not run: it does not compile",
        Status.WALL: "it ran out of time",
        Status.CPU: "it used more processor time than it may",
        Status.MEMORY: "it used more memory than it may",
        Status.PROCESSES: "it started more processes than it may",
        Status.OPEN_FILES: "it opened more files than it may",
        Status.FILE_SIZE: "it wrote a file larger than it may be",
        Status.DISK: "it wrote more than it may",
        Status.INODES: "it made more files than it may",
        Status.OUTPUT: "it printed more than it may",
        Status.ARTEFACTS: "it left more, or larger, files than are taken",
        Status.STOPPED: "it was stopped",
        Status.BROKEN: "the sandbox failed; this says nothing about the code",
    }
    return words.get(result.status, result.status.value)


def _figures(result: Result) -> str:
    tier = result.isolation.tier if result.isolation else result.on
    used = f"{result.execution_ms:,.0f} ms, {result.peak_mb:,.0f} MB"
    return f"{result.language} {result.version}, {tier}: {used}"


def _harmless(text: str) -> str:
    return "".join(it if it.isprintable() or it in "\n\t" else "?" for it in text)
