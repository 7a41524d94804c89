"""Says in words what a first look at a bill found: four steps, each with an answer or with why
there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.audit.about import of_calls, share, usd
from headgate.ledger.book.quick import Cause, Prompts, Quick, Spike


class Step(NamedTuple):
    """One step."""

    title: str
    lines: tuple[str, ...]
    flagged: bool = False
    """somebody should look at this"""


def steps(found: Quick, names: Mapping[str, str]) -> list[Step]:
    """`names`: what keys are called, by their id."""
    return [
        _prompts(found.prompts, found.unable.get("prompts", "")),
        Step("Dearest pairs of model and endpoint", tuple(_pairs(found))),
        _spike(found.spike, found.unable.get("spike", ""), names),
        Step("Repeated prefixes", tuple(_prefixes(found))),
    ]


def _prompts(it: Prompts | None, unable: str) -> Step:
    title = "Distinct system prompts"
    if it is None:
        return Step(title, (unable,))
    said = (
        f"{it.heads:,} distinct ones in {it.calls:,} calls; {it.read_share:.0%} of their input"
        " was read from caches"
    )
    lines = [said]
    if it.flagged:
        lines.append("so few prompts, sent so often, belong into a cache: see the findings")
    if it.unknown:
        lines.append(f"{it.unknown:,} more calls have prompts too short to tell, or none")
    return Step(title, (*lines, *filter(None, (unable,))), it.flagged)


def _pairs(found: Quick) -> Iterator[str]:
    for it in found.pairs:
        part = share(it.cost_nusd, found.cost_nusd)
        where = it.surface or "endpoint unknown"
        yield f"{usd(it.cost_nusd)} ({part}): {it.model}, {where}, {of_calls(it.calls)}"
    if not found.pairs or "pairs" in found.unable:
        yield found.unable.get("pairs", "there are none")


def _spike(it: Spike | None, unable: str, names: Mapping[str, str]) -> Step:
    title = "Largest single day"
    if it is None:
        return Step(title, (unable,))
    day = datetime.fromtimestamp(it.day_us / 1e6, UTC).strftime("%a %Y-%m-%d")
    more = (
        f"{it.cost_nusd / it.usual_nusd:.1f} times" if it.usual_nusd else "against nothing on"
    )
    lines = [f"{day}: {usd(it.cost_nusd)}, {more} the usual {usd(it.usual_nusd)}"]
    lines += [_cause(one, names) for one in it.causes[:3]]
    return Step(title, tuple(lines), it.conspicuous)


def _cause(it: Cause, names: Mapping[str, str]) -> str:
    name = names.get(it.name, it.name) if it.what == "key" else it.name
    return f"{it.what} {name}: {usd(it.cost_nusd)} on that day, {usd(it.usual_nusd)} usually"


def _prefixes(found: Quick) -> Iterator[str]:
    for it in found.prefixes:
        yield (
            f"{it.name}… to {it.model}: {it.tokens:,} tokens in {it.calls:,} calls,"
            f" {it.hit_share:.0%} of them read a cache"
        )
    if not found.prefixes or "prefixes" in found.unable:
        yield found.unable.get("prefixes", "there are none")
