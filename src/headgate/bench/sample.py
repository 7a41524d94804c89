"""A sample: one answer to one task by one arm, graded; and the run that all samples belong to.

Rule 1: a record per sample, complete in itself: every number of a report comes from these.
Rule 2: a sample is known by arm, task and number: a run that goes on asks none of them twice.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from headgate.bench.arm import Arm
from headgate.bench.grade import Grade
from headgate.bench.task import Rejected


class Place(NamedTuple):
    """Which sample it is."""

    arm: str
    task: str
    sample: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, graded."""

    arm: str
    task: str
    sample: int
    provider: str = ""
    model: str = ""
    correct: bool = False
    verdict: Grade = Grade.INFRASTRUCTURE
    why: str = ""
    """the first thing that was wrong"""
    code: str = ""
    """what was judged"""
    text: str = ""
    """the whole answer; "" where a run keeps none"""
    latency_ms: float = 0.0
    ttft_ms: float = 0.0
    network_ms: float | None = None
    """of ttft_ms: the way there and back; None: nobody measured it"""
    waited_ms: float = 0.0
    judged_ms: float = 0.0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    cache_read_nusd: int | None = None
    """of cost_nusd: for what was read from a cache; None: only the sum is known"""
    cache_write_nusd: int | None = None
    cost_nusd: int = 0
    is_priced: bool = True
    answered_from: str = ""
    is_simulated: bool = False
    is_cut: bool = False
    notes: tuple[str, ...] = ()
    error: str = ""
    """of infrastructure: whose, and what"""
    call: str = ""
    """the id of its row in the ledger"""

    @property
    def place(self) -> Place:
        return Place(self.arm, self.task, self.sample)

    @property
    def is_counted(self) -> bool:
        """It is an observation of the model."""
        return self.verdict is not Grade.INFRASTRUCTURE


class TaskFacts(msgspec.Struct, frozen=True):
    """What a report needs to know of a task."""

    id: str
    language: str
    tags: tuple[str, ...] = ()
    prompt: str = ""
    digest: str = ""
    """of all that can change a verdict; "": nobody noted it"""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """All that was asked and heard: what results.json holds, but for its aggregates."""

    name: str
    dataset: str
    dataset_digest: str
    is_builtin: bool
    """nobody named a dataset: the report says so"""
    arms: tuple[Arm, ...]
    samples_each: int
    tasks: tuple[TaskFacts, ...]
    rejected: tuple[Rejected, ...] = ()
    samples: tuple[Sample, ...] = ()
    begun_us: int = 0
    ended_us: int = 0
    headgate: str = ""
    """its version"""
    isolation: str = ""
    """the tier that judged"""
    toolchains: tuple[tuple[str, str], ...] = ()
    """language and version"""
    notes: tuple[str, ...] = ()
    """what the reader has to know: a cap that ended it, arms that break the prompt cache"""
