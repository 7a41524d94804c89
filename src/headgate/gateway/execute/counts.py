"""What was run, by language and ending: for /metrics, of all workers together.

Rule 1: only what ran is counted here; what was turned away is counted with other refusals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from headgate.sandbox.model import Result

_HEADS = {
    "runs": ("headgate_execute_runs_total", "Runs of code, by how they ended."),
    "seconds": ("headgate_execute_seconds_total", "Seconds for which code ran."),
    "cached": ("headgate_execute_cached_total", "Runs answered with a kept result."),
}
MOST = 200
"""languages with their endings; there are not so many"""


class Counts(Struct):
    """What one worker, or all of them, counted."""

    runs: dict[str, int] = {}
    """by language and status, with a space between"""
    seconds: dict[str, float] = {}
    """by language"""
    cached: dict[str, int] = {}

    def count(self, it: Result) -> None:
        name = f"{it.language} {it.status.value}"
        if name not in self.runs and len(self.runs) >= MOST:
            return
        self.runs[name] = self.runs.get(name, 0) + 1
        if it.cached:
            self.cached[it.language] = self.cached.get(it.language, 0) + 1
        else:
            ran_s = it.execution_ms / 1000
            self.seconds[it.language] = self.seconds.get(it.language, 0.0) + ran_s

    def add(self, other: Counts) -> None:
        for name, count in other.runs.items():
            self.runs[name] = self.runs.get(name, 0) + count
        for name, ran_s in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + ran_s
        for name, count in other.cached.items():
            self.cached[name] = self.cached.get(name, 0) + count


def lines(each: Iterable[Counts]) -> Iterator[str]:
    """As Prometheus reads them; nothing where nothing was ever run."""
    total = Counts()
    for one in each:
        total.add(one)
    if not total.runs:
        return
    yield from _head("runs")
    for name, count in total.runs.items():
        language, _, status = name.partition(" ")
        yield f'{_HEADS["runs"][0]}{{language="{language}",status="{status}"}} {count}'
    yield from _head("seconds")
    for language, ran_s in total.seconds.items():
        yield f'{_HEADS["seconds"][0]}{{language="{language}"}} {ran_s:.6f}'
    yield from _head("cached")
    for language, count in total.cached.items():
        yield f'{_HEADS["cached"][0]}{{language="{language}"}} {count}'


def _head(what: str) -> Iterator[str]:
    name, said = _HEADS[what]
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} counter"
