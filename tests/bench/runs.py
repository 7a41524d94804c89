"""Runs made of numbers, for tests of what is told of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from headgate.bench.grade import Grade
from headgate.bench.sample import Run, Sample, TaskFacts
from tests.bench.samples import arm


def run_of(shares: Mapping[str, Sequence[int]], samples: int = 5, **changes: object) -> Run:
    """A run in which each arm got so many samples of each task right."""
    count = len(next(iter(shares.values())))
    languages = ("python", "go")
    made = [
        sample(name, f"t{task}", n, right=n < right)
        for name, rights in shares.items()
        for task, right in enumerate(rights)
        for n in range(samples)
    ]
    facts: dict[str, object] = {
        "name": "run",
        "dataset": "set",
        "dataset_digest": "d",
        "is_builtin": False,
        "arms": tuple(arm(name) for name in shares),
        "samples_each": samples,
        "tasks": tuple(
            TaskFacts(f"t{n}", languages[n % 2], (f"tag{n % 3}",), f"task {n}")
            for n in range(count)
        ),
        "samples": tuple(made),
    }
    return Run(**(facts | changes))  # type: ignore[arg-type]


def sample(name: str, task: str, n: int, *, right: bool, **changes: object) -> Sample:
    facts: dict[str, object] = {
        "arm": name,
        "task": task,
        "sample": n,
        "correct": right,
        "verdict": Grade.PASS if right else Grade.WRONG,
        "code": "good" if right else "bad",
        "latency_ms": 100.0 + n,
        "ttft_ms": 40.0,
        "network_ms": 10.0,
        "input_tokens": 60,
        "cache_read_tokens": 40,
        "output_tokens": 30,
        "cost_nusd": 1000,
    }
    return Sample(**(facts | changes))  # type: ignore[arg-type]


def drawn(share: float, tasks: int, seed: str, samples: int = 5) -> list[int]:
    """How many samples of each task are right, where tasks are not equally hard."""
    dice = random.Random(seed)  # noqa: S311
    rest = 1.5
    chances = [dice.betavariate(share * rest, (1 - share) * rest) for _ in range(tasks)]
    return [sum(dice.random() < it for _ in range(samples)) for it in chances]
