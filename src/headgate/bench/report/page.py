"""Writes what a run found as one file of HTML that needs no other and holds no script.

Rule 1: what has to be known before the numbers stands before the numbers.
Rule 2: whatever a model wrote is shown as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from headgate.bench.report.compare import NothingShared, compare
from headgate.bench.report.figures import Disagreement, Figures, Rate, Report
from headgate.bench.report.words import (
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
from headgate.draw.html import beside, folded, items, plain, table
from headgate.draw.html import page as whole
from headgate.draw.ranges import Point, Range, points, ranges

MOST_SHOWN = 40
"""tasks on which arms disagree"""
MOST_LETTERS = 20_000
"""of an answer"""


def page(run: Run, told: Report) -> str:
    """The whole page."""
    parts = [
        *_head(run, told),
        *_right(told.arms),
        *_compared(run),
        *_money(told),
        *_pace(told.arms),
        *_errors(told.arms),
        *_groups(told.arms),
        *_disagreements(told.disagreements),
        *_arms(run),
    ]
    return whole(f"Benchmark {run.name}", parts)


def _head(run: Run, told: Report) -> Iterator[str]:
    yield f"<h1>{plain(run.name)}: who is right, how surely, at what cost</h1>"
    each = f"{len(run.tasks):,} tasks of {run.dataset}, {run.samples_each} samples of each"
    yield f'<p class="soft">{plain(each)}; Headgate {plain(run.headgate)}</p>'
    yield items(warnings(run, told), "warn")


def _right(arms: Sequence[Figures]) -> Iterator[str]:
    yield "<h2>Right answers</h2>"
    rows = [_range(it.arm, it.right) for it in arms if it.right.samples]
    yield ranges("Right answers of each arm, with their 95 % intervals over tasks", rows)
    draws = sorted({k for it in arms for k in it.pass_at if k > 1})
    yield table(
        ("arm", "tasks", "samples", "right", *(f"pass@{k}" for k in draws)),
        [
            (
                it.arm,
                f"{it.right.tasks:,}",
                f"{it.right.samples:,}",
                interval(it.right),
                *(interval(it.pass_at[k]) if k in it.pass_at else "" for k in draws),
            )
            for it in arms
        ],
        numbers=range(1, 4 + len(draws)),
    )


def _range(label: str, it: Rate) -> Range:
    return Range(label, it.share, it.low, it.high, interval(it))


def _compared(run: Run) -> Iterator[str]:
    if len(run.arms) < 2:
        return
    yield "<h2>Is the difference real?</h2>"
    said = []
    for one, other in combinations(run.arms, 2):
        first = [it for it in run.samples if it.arm == one.name]
        second = [it for it in run.samples if it.arm == other.name]
        try:
            found = compare((one.name, first), (other.name, second))
        except NothingShared as error:
            said.append(str(error))
            continue
        more = f"; {found.needed_at_least:,} tasks would show {found.least * 100:g} points"
        said.append(sentence(found) + (more if found.word == "not shown different" else ""))
    yield items(said, "")
    yield (
        '<p class="soft">Exact test of turned signs over tasks, both ways, level 0.05 for each'
        " pair; intervals are of 95 %.</p>"
    )


def _money(told: Report) -> Iterator[str]:
    yield "<h2>Cost and quality</h2>"
    priced = [it for it in told.arms if it.money.is_priced and it.money.samples]
    marks = [Point(it.arm, it.money.per_sample_nusd / 1e9, it.right.share) for it in priced]
    if marks:
        dearest = max(it.money.per_sample_nusd for it in priced)
        axes = (f"dollars a sample, from 0 to {dollars(dearest)}", "right")
        yield points("Right answers against cost of a sample", axes, marks, told.frontier)
    if told.frontier:
        names = ", ".join(told.frontier)
        yield f'<p class="soft">Beaten by none in both: {plain(names)}.</p>'
    yield table(
        ("arm", "tokens in", "of it cached", "out", "a sample", "a right answer"),
        [
            (
                it.arm,
                f"{it.money.input_tokens:,.0f}",
                percent(it.money.cached_share),
                f"{it.money.output_tokens:,.0f}",
                price(it.money, it.money.per_sample_nusd),
                price(it.money, it.money.per_pass_nusd),
            )
            for it in told.arms
        ],
        numbers=(1, 2, 3, 4, 5),
    )
    heads, rows = caching(told)
    if rows:
        yield table(heads, rows, numbers=range(1, len(heads)))
        yield '<p class="soft">Tokens and dollars of a sample, on average.</p>'


def _pace(arms: Iterable[Figures]) -> Iterator[str]:
    yield "<h2>Time</h2>"
    rows = []
    for it in arms:
        if it.pace is None:
            continue
        rows.append(
            (
                it.arm,
                *(span(each) for each in (it.pace.latency, it.pace.ttft)),
                parts(it.pace.network, UNMEASURED),
                *(parts(each) for each in (it.pace.waiting, it.pace.writing)),
                rapid(it.pace.tokens_per_s),
            )
        )
    heads = (
        "arm", "latency", "first token", "network", "wait", "writing", "tokens/s",
    )  # fmt: skip
    yield table(heads, rows, numbers=range(1, len(heads)))
    yield (
        '<p class="soft">Milliseconds. Latency and first token: p50, p95, p99; the parts of a'
        " call: p50, p95. Network is one way there and back, as a handshake takes it, the wait"
        " what else passes before the first token.</p>"
    )


def _errors(arms: Sequence[Figures]) -> Iterator[str]:
    yield "<h2>What went wrong</h2>"
    names = sorted({name for it in arms for name in it.grades})
    yield table(
        ("arm", "no syntax, or does not compile", "runs and is wrong", *names),
        [
            (
                it.arm,
                interval(it.badly_written),
                interval(it.wrong),
                *(f"{it.grades.get(name, 0):,}" for name in names),
            )
            for it in arms
        ],
        numbers=range(1, 3 + len(names)),
    )


def _groups(arms: Sequence[Figures]) -> Iterator[str]:
    for title, field in (("By language", "languages"), ("By tag", "tags")):
        groups = [getattr(it, field) for it in arms]
        names = sorted({name for it in groups for name in it})
        if len(names) < 2:
            continue
        rows = [
            (name, *(interval(it[name]) if name in it else "" for it in groups))
            for name in names
        ]
        yield f"<h2>{title}</h2>"
        heads = (title.lower(), *(it.arm for it in arms))
        yield table(heads, rows, numbers=range(1, len(heads)))


def _disagreements(found: Sequence[Disagreement]) -> Iterator[str]:
    if not found:
        return
    yield "<h2>Where they disagree</h2>"
    for it in found[:MOST_SHOWN]:
        counts = ", ".join(f"{arm} {a.right} of {a.asked}" for arm, a in it.answers.items())
        answers = []
        for arm, answer in it.answers.items():
            is_right = 2 * answer.right >= answer.asked
            code = answer.code_right if is_right else answer.code_wrong
            word = "right" if is_right else answer.why
            answers.append(f"<h3>{plain(arm)}: {plain(word)}</h3><pre>{_begun(code)}</pre>")
        prompt = f"<pre>{plain(it.prompt)}</pre>"
        yield folded(f"{it.task}: {counts}", prompt + beside(answers))
    if len(found) > MOST_SHOWN:
        yield f'<p class="soft">and {len(found) - MOST_SHOWN:,} more, in results.json.</p>'


def _begun(code: str) -> str:
    more = len(code) - MOST_LETTERS
    told = f"\n… {more:,} characters more, in results.json" if more > 0 else ""
    return plain(code[:MOST_LETTERS] + told)


def _arms(run: Run) -> Iterator[str]:
    yield "<h2>How they were asked</h2>"
    for it in run.arms:
        heat = "as the model has it" if it.temperature is None else f"{it.temperature:g}"
        told = [f"model {it.model}, temperature {heat}, at most {it.max_tokens:,} tokens"]
        told += [f"{len(it.shots)} examples before the task"] if it.shots else []
        said = f"<pre>{plain(it.system)}</pre>" + items(told)
        yield folded(it.name, said)
