"""Shows what came of benchmarks on a terminal: tables, and the sentences that they come to.

Rule 1: an interval stands beside every share; a share without one is not shown.
Rule 2: what was simulated, left out or not judged is said before any number.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from headgate.bench.report.compare import Comparison
from headgate.bench.report.figures import Disagreement, Figures, Report
from headgate.bench.report.gate import Gate
from headgate.bench.report.words import (
    UNKNOWN,
    UNMEASURED,
    caching,
    dollars,
    interval,
    parts,
    percent,
    price,
    rapid,
    sentence,
    span,
    warnings,
)
from headgate.bench.sample import Run
from headgate.cli.terminal import print_table, safe, say

SHOWN = 10
"""tasks on which arms disagree"""


def show(run: Run, told: Report) -> None:
    """All of a run."""
    for line in warnings(run, told):
        say(line)
    _show_rates(told.arms)
    _show_errors(told.arms)
    _show_pace(told.arms)
    _show_money(told)
    _show_caching(told)
    for name, groups in (("language", "languages"), ("tag", "tags")):
        _show_groups(told.arms, name, groups)
    _show_disagreements(told.disagreements, [it.arm for it in told.arms])


def _show_rates(arms: Sequence[Figures]) -> None:
    draws = sorted({k for it in arms for k in it.pass_at if k > 1})
    heads = ["arm", "tasks", "samples", "right (95 %)", *(f"pass@{k}" for k in draws)]
    print_table(
        heads,
        [
            [
                it.arm,
                str(it.right.tasks),
                str(it.right.samples),
                interval(it.right),
                *(interval(it.pass_at[k]) if k in it.pass_at else "" for k in draws),
            ]
            for it in arms
        ],
    )


def _show_errors(arms: Sequence[Figures]) -> None:
    rest = ("timeout", "memory", "refused", "no code", "infrastructure")
    print_table(
        ["arm", "not well written", "wrong", *rest],
        [
            [
                it.arm,
                interval(it.badly_written),
                interval(it.wrong),
                *(str(it.grades.get(name, 0)) for name in rest),
            ]
            for it in arms
        ],
    )


def _show_pace(arms: Sequence[Figures]) -> None:
    told = [(it.arm, it.pace) for it in arms if it.pace is not None]
    heads = ["arm", "latency p50 / p95 / p99 in ms", "first token", "tokens/s"]
    print_table(
        heads,
        [[arm, span(it.latency), span(it.ttft), rapid(it.tokens_per_s)] for arm, it in told],
    )
    heads = ["arm", "network p50 / p95 in ms", "wait for first token", "writing"]
    print_table(
        heads,
        [
            [arm, parts(it.network, UNMEASURED), parts(it.waiting), parts(it.writing)]
            for arm, it in told
        ],
    )


def _show_money(told: Report) -> None:
    rows = []
    for it in told.arms:
        money = it.money
        rows.append(
            [
                it.arm,
                f"{money.input_tokens:,.0f}",
                percent(money.cached_share),
                f"{money.output_tokens:,.0f}",
                price(money, money.per_sample_nusd),
                price(money, money.per_pass_nusd),
                "yes" if it.arm in told.frontier else "",
            ]
        )
    heads = ["arm", "tokens in", "of it cached", "out", "a sample", "a pass", "on the frontier"]
    print_table(heads, rows)


def _show_caching(told: Report) -> None:
    heads, rows = caching(told)
    if rows:
        print_table(heads, rows)


def _show_groups(arms: Sequence[Figures], name: str, field: str) -> None:
    groups = [getattr(it, field) for it in arms]
    names = sorted({group for it in groups for group in it})
    if len(names) > 1:
        rows = [
            [group, *(interval(it[group]) if group in it else "" for it in groups)]
            for group in names
        ]
        print_table([name, *(it.arm for it in arms)], rows)


def _show_disagreements(found: Sequence[Disagreement], arms: Sequence[str]) -> None:
    if not found:
        return
    rows = [
        [
            it.task,
            *(f"{a.right} of {a.asked}" if (a := it.answers.get(arm)) else "-" for arm in arms),
        ]
        for it in found[:SHOWN]
    ]
    print_table(["disagree on", *arms], rows)
    if len(found) > SHOWN:
        say(f"and on {len(found) - SHOWN} more: --html shows all with both answers")


def show_comparison(it: Comparison) -> None:
    """The two beside each other, and what it comes to."""
    rows = [
        [
            side.name,
            percent(side.right),
            UNKNOWN if side.cost_nusd is None else dollars(side.cost_nusd),
            f"{side.latency_ms:,.0f} ms",
        ]
        for side in (it.first, it.second)
    ]
    print_table(["arm", "right", "a sample", "latency p50"], rows)
    click.echo(safe(sentence(it)))
    click.echo(
        f"exact test of turned signs over tasks, both ways, level {it.level:g}; interval "
        f"{(1 - it.level) * 100:g} %"
    )
    if it.word == "not shown different":
        if it.difference:
            click.echo(
                f"to show a difference of this size: {it.needed_as_seen:,} tasks like these"
            )
        click.echo(f"to show one of {it.least * 100:g} points: {it.needed_at_least:,} tasks")
    if it.left_out:
        say(f"{it.left_out} tasks were answered by one of them only, and left out")


def show_gate(it: Gate) -> None:
    """Each arm against its baseline, and whether the gate holds."""
    for one in it.checked:
        mark = "FAILS" if one.fails else "holds"
        click.echo(
            f"{mark}  {safe(one.arm)}: {one.comparison.difference * 100:+.1f} points, "
            f"p = {one.likelihood:.3g} (fails at {one.bar:.3g}), {one.comparison.tasks} tasks"
        )
        if one.comparison.tasks < one.fewest:
            told = (
                f"no loss on {one.comparison.tasks} tasks can be shown: it takes {one.fewest}"
            )
            say(f"{one.arm}: {told} at least")
        if one.comparison.left_out:
            left = f"{one.comparison.left_out} tasks were not asked alike, and left out"
            say(f"{one.arm}: {left}")
    for name in it.missing:
        say(f"not compared: {name} has no task in common with the baseline")
    for name in it.fresh:
        say(f"not compared: {name} is not in the baseline")
    click.echo(
        f"exact test of turned signs over tasks, for worse, level {it.level:g} shared by "
        f"{len(it.checked)} arms"
        + (f", and seen to lose over {it.tolerance * 100:g} points" if it.tolerance else "")
    )
