"""Counts what the samples of a run add up to, arm by arm, with intervals over tasks.

Rule 1: tasks are the observations: several samples of one task are no several tasks.
Rule 2: infrastructure is left out of every rate and told beside it.
Rule 3: where a price is missing a cost is unknown, which is not nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

from headgate.bench.grade import Grade
from headgate.bench.results import tokens
from headgate.bench.sample import Run, Sample
from headgate.stats.several import Said, clustered, mean, over_questions, pass_at
from headgate.stats.share import Between

BADLY_WRITTEN = frozenset((Grade.SYNTAX, Grade.COMPILE))


class Rate(msgspec.Struct, frozen=True):
    """A share with its interval."""

    share: float
    low: float
    high: float
    tasks: int
    samples: int


class Spread(msgspec.Struct, frozen=True):
    """Of a duration, in milliseconds."""

    p50: float
    p95: float
    p99: float


class Pace(msgspec.Struct, frozen=True):
    """How fast an arm answers, and what its time goes into."""

    latency: Spread
    ttft: Spread | None
    """None: no sample had content"""
    tokens_per_s: float | None
    """while it writes: the median over samples"""
    network: Spread | None
    """the way there and back; None: nobody measured it"""
    waiting: Spread | None
    """to the first token, the network left out where it was measured"""
    writing: Spread | None
    """from the first token to the end"""
    network_of: int
    """samples whose network was measured: of these are network and waiting"""


class Money(msgspec.Struct, frozen=True):
    """What an arm costs."""

    total_nusd: int
    """of the samples that count"""
    per_sample_nusd: float
    per_pass_nusd: float | None
    """of each right answer, the wrong ones paid along; None: there was none"""
    input_tokens: float
    """of a sample, on average; those read from a cache are in it"""
    cached_share: float
    """of input tokens: read from the provider's cache"""
    cache_read_tokens: float
    """of a sample, on average, as the next"""
    cache_write_tokens: float
    cache_read_nusd: float | None
    """what those cost; None: only the sum of a call is known"""
    cache_write_nusd: float | None
    output_tokens: float
    is_priced: bool
    samples: int
    """that all of this is of"""
    infrastructure_nusd: int
    """what was paid for samples that no figure of the model is made of"""


class Figures(msgspec.Struct, frozen=True):
    """What one arm's samples add up to."""

    arm: str
    right: Rate
    pass_at: Mapping[int, Rate]
    """k -> how likely one of k answers is right"""
    badly_written: Rate
    """syntax and compile errors"""
    wrong: Rate
    """code that runs and does the wrong thing"""
    grades: Mapping[str, int]
    languages: Mapping[str, Rate]
    tags: Mapping[str, Rate]
    pace: Pace | None
    """None: nothing was answered"""
    money: Money
    infrastructure: int
    notes: Mapping[str, int]
    """what there was to say of answers, and how often"""
    is_simulated: bool


class Answers(msgspec.Struct, frozen=True):
    """One task as one arm answered it."""

    task: str
    right: int
    asked: int
    code_right: str
    """an answer that passed, if there was one"""
    code_wrong: str
    why: str
    """what was wrong with the other"""


class Disagreement(msgspec.Struct, frozen=True):
    """A task on which arms differ."""

    task: str
    prompt: str
    gap: float
    answers: Mapping[str, Answers]


class Report(msgspec.Struct, frozen=True):
    """All of a run."""

    arms: tuple[Figures, ...]
    frontier: tuple[str, ...]
    """arms that no other beats in both accuracy and cost"""
    disagreements: tuple[Disagreement, ...]


def report(run: Run) -> Report:
    """Count everything."""
    by_arm: dict[str, list[Sample]] = {it.name: [] for it in run.arms}
    for sample in run.samples:
        by_arm[sample.arm].append(sample)
    arms = tuple(figures(run, name, them) for name, them in by_arm.items())
    return Report(arms, frontier(arms), disagreements(run, by_arm))


def figures(run: Run, arm: str, samples: Sequence[Sample]) -> Figures:
    """What an arm's samples add up to."""
    counted = [it for it in samples if it.is_counted]
    facts = {it.id: it for it in run.tasks}
    tasks = {name: said.asked for name, said in said_of(counted).items()}
    least = min(tasks.values(), default=0)
    draws = [k for k in sorted({1, 3, 10, least}) if 0 < k <= least]
    return Figures(
        arm=arm,
        right=rate(counted),
        pass_at={k: _pass_at(counted, k) for k in draws},
        badly_written=rate(counted, lambda it: it.verdict in BADLY_WRITTEN),
        wrong=rate(counted, lambda it: it.verdict is Grade.WRONG),
        grades=Counter(it.verdict.value for it in samples),
        languages=_groups(counted, lambda it: (facts[it.task].language,)),
        tags=_groups(counted, lambda it: facts[it.task].tags),
        pace=_pace(counted) if counted else None,
        money=_money(samples, counted),
        infrastructure=len(samples) - len(counted),
        notes=Counter(note for it in samples for note in it.notes),
        is_simulated=any(it.is_simulated for it in samples),
    )


def said_of(
    samples: Iterable[Sample], is_so: Callable[[Sample], bool] = lambda it: it.correct
) -> dict[str, Said]:
    """How each task was answered."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for it in samples:
        found[it.task][0] += is_so(it)
        found[it.task][1] += 1
    return {task: Said(*them) for task, them in found.items()}


def rate(
    samples: Sequence[Sample], is_so: Callable[[Sample], bool] = lambda it: it.correct
) -> Rate:
    """Of how many samples something is so, every task counting the same."""
    said = list(said_of(samples, is_so).values())
    if not said:
        return Rate(0.0, 0.0, 1.0, 0, 0)
    return _rated(mean(said), clustered(said), len(said), len(samples))


def _rated(share: float, interval: Between, tasks: int, samples: int) -> Rate:
    return Rate(share, interval.low, interval.high, tasks, samples)


def _pass_at(samples: Sequence[Sample], k: int) -> Rate:
    shares = [pass_at(it, k) for it in said_of(samples).values()]
    interval = over_questions(shares, len(samples) // k)
    return _rated(fmean(shares), interval, len(shares), len(samples))


def _groups(
    samples: Sequence[Sample], names: Callable[[Sample], Iterable[str]]
) -> dict[str, Rate]:
    groups: dict[str, list[Sample]] = defaultdict(list)
    for it in samples:
        for name in names(it):
            groups[name].append(it)
    return {name: rate(groups[name]) for name in sorted(groups)}


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies, between two neighbours by their weight."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(*(quantile(values, it) for it in (0.5, 0.95, 0.99)))


def _spread_if_any(values: Sequence[float]) -> Spread | None:
    return _spread(values) if values else None


def _pace(samples: Sequence[Sample]) -> Pace:
    told = [it for it in samples if it.ttft_ms]
    writing = [it for it in told if it.latency_ms > it.ttft_ms]
    speeds = [it.output_tokens * 1000 / (it.latency_ms - it.ttft_ms) for it in writing]
    ways = [
        (it.ttft_ms, min(it.ttft_ms, it.network_ms)) for it in told if it.network_ms is not None
    ]
    return Pace(
        latency=_spread([it.latency_ms for it in samples]),
        ttft=_spread_if_any([it.ttft_ms for it in told]),
        tokens_per_s=quantile(speeds, 0.5) if speeds else None,
        network=_spread_if_any([way for _, way in ways]),
        waiting=_spread_if_any([first - way for first, way in ways or _unknown_ways(told)]),
        writing=_spread_if_any([max(0.0, it.latency_ms - it.ttft_ms) for it in told]),
        network_of=len(ways),
    )


def _unknown_ways(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    return [(it.ttft_ms, 0.0) for it in samples]


def _money(samples: Sequence[Sample], counted: Sequence[Sample]) -> Money:
    total = sum(it.cost_nusd for it in counted)
    right = sum(it.correct for it in counted)
    read = sum(tokens(it) - it.output_tokens for it in counted)
    return Money(
        total_nusd=total,
        per_sample_nusd=total / len(counted) if counted else 0.0,
        per_pass_nusd=total / right if right else None,
        input_tokens=read / len(counted) if counted else 0.0,
        cached_share=sum(it.cache_read_tokens for it in counted) / read if read else 0.0,
        cache_read_tokens=_mean(it.cache_read_tokens for it in counted),
        cache_write_tokens=_mean(it.cache_write_tokens for it in counted),
        cache_read_nusd=_known_mean([it.cache_read_nusd for it in counted]),
        cache_write_nusd=_known_mean([it.cache_write_nusd for it in counted]),
        output_tokens=_mean(it.output_tokens for it in counted),
        is_priced=all(it.is_priced for it in counted),
        samples=len(counted),
        infrastructure_nusd=sum(it.cost_nusd for it in samples) - total,
    )


def _mean(values: Iterable[float]) -> float:
    them = list(values)
    return fmean(them) if them else 0.0


def _known_mean(values: Sequence[int | None]) -> float | None:
    known = [it for it in values if it is not None]
    return _mean(known) if len(known) == len(values) else None


def frontier(arms: Iterable[Figures]) -> tuple[str, ...]:
    """The arms that no other beats in both accuracy and cost; cheapest first."""
    priced = [it for it in arms if it.money.is_priced and it.right.samples]
    ordered = sorted(priced, key=lambda it: (it.money.per_sample_nusd, -it.right.share))
    found: list[Figures] = []
    for it in ordered:
        best = found[-1] if found else it
        is_same = _mark(it) == _mark(best)
        if is_same or it.right.share > best.right.share:
            found.append(it)
    return tuple(it.arm for it in found)


def _mark(it: Figures) -> tuple[float, float]:
    return it.money.per_sample_nusd, it.right.share


def disagreements(run: Run, by_arm: Mapping[str, Sequence[Sample]]) -> tuple[Disagreement, ...]:
    """The tasks on which arms differ, the widest gap first."""
    prompts = {it.id: it.prompt for it in run.tasks}
    of_task: dict[str, dict[str, list[Sample]]] = defaultdict(dict)
    for arm, samples in by_arm.items():
        for it in samples:
            if it.is_counted:
                of_task[it.task].setdefault(arm, []).append(it)
    found = []
    for task, arms in of_task.items():
        answers = {arm: _answers(task, them) for arm, them in arms.items()}
        shares = [it.right / it.asked for it in answers.values()]
        if max(shares) > min(shares):
            gap = max(shares) - min(shares)
            found.append(Disagreement(task, prompts.get(task, ""), gap, answers))
    return tuple(sorted(found, key=lambda it: (-it.gap, it.task)))


def _answers(task: str, samples: Sequence[Sample]) -> Answers:
    right = next((it for it in samples if it.correct), None)
    wrong = next((it for it in samples if not it.correct), None)
    return Answers(
        task=task,
        right=sum(it.correct for it in samples),
        asked=len(samples),
        code_right=right.code if right else "",
        code_wrong=wrong.code if wrong else "",
        why=f"{wrong.verdict.value}: {wrong.why}" if wrong else "",
    )
