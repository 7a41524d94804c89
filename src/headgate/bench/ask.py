"""What the benchmark asks of a model and what it hears: the words between it and the engine.

Rule 1: an answer that failed for the provider's or our sake has a fault; a model that declined
has none, and is `declined`.
Rule 2: times are of the call as the ledger has it: from its start, in microseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from headgate.bench.arm import Arm


class Question(msgspec.Struct, frozen=True):
    """One sample of one task, put to one arm."""

    arm: Arm
    task: str
    """its id"""
    prompt: str
    sample: int
    """counted from 0; it is part of what is asked, so that no reply cache answers twice"""
    run: str = ""
    """the name of the run: the ledger's rows are tagged with it"""
    call: str = ""
    """the id that its row in the ledger shall have; "": any"""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    text: str = ""
    id: str = ""
    """of the ledger's row"""
    provider: str = ""
    model: str = ""
    """as the reply names it"""
    took_us: int = 0
    ttft_us: int = 0
    """0: no content came"""
    network_us: int | None = None
    """of ttft_us: the way there and back, as a handshake takes it; None: nobody measured it"""
    waited_us: int = 0
    """in line for a limit; not part of the model's time"""
    input_tokens: int = 0
    """read anew"""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    cache_read_nusd: int | None = None
    """of cost: what was read from a cache; None: only the sum is known"""
    cache_write_nusd: int | None = None
    cost_nusd: int = 0
    is_priced: bool = True
    """False: the catalog has no price for it, and cost is unknown, not nothing"""
    may_cost_more: bool = False
    """something may have been billed of which nothing arrived"""
    answered_from: str = ""
    """hit, near, join or replay: it is no new sample of the model"""
    is_simulated: bool = False
    declined: bool = False
    is_cut: bool = False
    """it ran into max_tokens"""
    notes: tuple[str, ...] = ()
    """what was not done as asked, such as: temperature was left out"""
    fault: str = ""
    """kind and words; "": there was none"""
    is_final: bool = False
    """of a fault: asking again would be no use (a key, a budget, an unknown model)"""


Ask = Callable[[Question], Awaitable[Answer]]
