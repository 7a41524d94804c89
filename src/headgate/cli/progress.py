"""Shows on a terminal how far long work has come; where nobody looks, it says nothing.

Rule 1: it goes to stderr, and is gone before anything else is printed.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from headgate.ledger.importers.intake import Seen

NARROW = 72
"""columns; on fewer the words have the line for themselves"""


class Progress:
    """One line that changes; with no terminal, nothing."""

    def __init__(self, bar: Bar | None) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._begun = time.monotonic()
        if bar is not None:
            self._task = bar.add_task("", total=None)

    def step(self, text: str) -> None:
        """Another part of the work, whose length nobody knows."""
        if self._bar is not None and self._task is not None:
            self._bar.start()
            self._bar.update(self._task, description=text, total=None)

    def watch(self, seen: Seen) -> None:
        """How many bytes are read."""
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                description=_line(seen, time.monotonic() - self._begun),
                total=seen.of_size,
                completed=seen.size,
            )

    def pause(self) -> None:
        """Take the line away; the next step brings it back."""
        if self._bar is not None:
            self._bar.stop()


def _line(seen: Seen, seconds: float) -> str:
    mb, of_mb = seen.size / 1e6, seen.of_size / 1e6
    rate = mb / seconds if seconds else 0.0
    return f"{seen.kind}: {seen.drafts:,} rows, {mb:,.0f} of {of_mb:,.0f} MB, {rate:,.0f} MB/s"


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show it while this lasts."""
    if not sys.stderr.isatty():
        yield Progress(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    text = TextColumn("{task.description}")
    wide = (SpinnerColumn(), text, BarColumn(bar_width=30), TimeElapsedColumn())
    columns = wide if console.width >= NARROW else (text,)
    with Bar(*columns, console=console, transient=True) as bar:
        yield Progress(bar)
