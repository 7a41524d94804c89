"""Sessions: which conversations cost the most, how they are spread, and one of them call by
call.

Rule 1: a session is what one key's client names; its sub-agents are part of it.
Rule 2: one that costs more than CONSPICUOUS times the median deserves a look.
Rule 3: a cliff is where a cache held less than CLIFF of what it held one call before, although
the conversation had not become so much shorter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from headgate.ledger.book.columns import SESSIONS, TOKENS_IN, TOKENS_WRITTEN
from headgate.ledger.book.question import SINGLE, SUM_IN, Cut, Question
from headgate.ledger.book.tongue import Tongue

CONSPICUOUS = 3
CLIFF = 0.5
CLIFF_TOKENS = 1_024
"""no vendor caches less"""
_NAMED = "session <> ''"
_NEEDS = frozenset((SESSIONS,))


class Session(NamedTuple):
    key_id: str
    session: str
    calls: int
    first_us: int
    last_us: int
    cost_nusd: int
    median_nusd: int
    """of all sessions that are meant"""

    @property
    def times(self) -> float:
        """So many times the median."""
        return self.cost_nusd / self.median_nusd if self.median_nusd else 0.0

    @property
    def conspicuous(self) -> bool:
        return self.cost_nusd > CONSPICUOUS * self.median_nusd


def _costs(where: str, more: str = "") -> str:
    return (
        f"SELECT key_id, session, sum(calls) AS n, sum(cost_nusd) AS cost{more} FROM book"  # noqa: S608 - texts of ours
        f" WHERE {_NAMED} AND {where} GROUP BY key_id, session"
    )


def _top(tongue: Tongue, cut: Cut, where: str) -> str:
    more = ", min(at_us) AS first_at, max(at_us) AS last_at"
    return f"""
WITH sums AS ({_costs(where, more)}),
middle AS (SELECT {tongue.median("cost")} AS median FROM sums)
SELECT key_id, session, n, first_at, last_at, cost, median
FROM sums CROSS JOIN middle ORDER BY cost DESC, session, key_id LIMIT {cut.limit:d}
"""  # noqa: S608 - texts of ours


class Facts(NamedTuple):
    """What else is known of sessions that are named."""

    key_id: str
    session: str
    project: str
    model: str
    """the one of its dearest call"""
    agents: int
    input: int
    read: int
    output: int
    longest: int
    """tokens of its longest prompt"""


def _facts(tongue: Tongue, cut: Cut, where: str) -> str:
    del cut
    return (
        f"SELECT key_id, session, max(project), {tongue.most('model_sent', 'cost_nusd')},"  # noqa: S608 - texts of ours
        f" count(DISTINCT agent), {SUM_IN}, sum(cache_read), sum(output),"
        f" max(CASE WHEN {SINGLE} THEN {TOKENS_IN} ELSE 0 END)"
        f" FROM book WHERE {_NAMED} AND {where} GROUP BY key_id, session"
        " ORDER BY session, key_id"
    )


class Spread(NamedTuple):
    sessions: int
    calls: int
    cost_nusd: int
    levels_nusd: tuple[int, ...]
    """what half of them, nine of ten and 99 of 100 stay within"""
    most_nusd: int
    conspicuous: int
    conspicuous_nusd: int


def _spread(tongue: Tongue, cut: Cut, where: str) -> str:
    del cut
    return f"""
WITH sums AS ({_costs(where)}),
middle AS (SELECT {tongue.median("cost")} AS median FROM sums),
flagged AS (SELECT count(*) AS n, sum(cost) AS cost FROM sums
  WHERE cost > {CONSPICUOUS} * (SELECT median FROM middle))
SELECT count(*), sum(sums.n), sum(sums.cost), {tongue.quantiles("sums.cost")},
  max(sums.cost), max(flagged.n), max(flagged.cost) FROM sums CROSS JOIN flagged
"""  # noqa: S608 - texts of ours


class Class(NamedTuple):
    low_nusd: int
    """sessions that cost so much, and less than twice that"""
    sessions: int
    calls: int
    cost_nusd: int


def _histogram(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue, cut
    low = "CAST(pow(2, floor(log2(CASE WHEN cost < 1 THEN 1 ELSE cost END))) AS BIGINT)"
    return (
        f"SELECT {low} AS low, count(*), sum(n), sum(cost) FROM ({_costs(where)})"  # noqa: S608 - texts of ours
        " GROUP BY 1 ORDER BY 1"
    )


class Turn(NamedTuple):
    """A call of one session."""

    id: str
    key_id: str
    session: str
    agent: str
    at_us: int
    took_us: int
    model: str
    input_fresh: int
    cache_read: int
    written: int
    output: int
    tools_called: int
    tools_failed: int
    fault: str
    ending: str
    miss: str
    cost_nusd: int

    @property
    def context(self) -> int:
        """Tokens of its prompt."""
        return self.input_fresh + self.cache_read + self.written


def _turns(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue, cut
    return (
        "SELECT id, key_id, session, agent, at_us, took_us, model_sent, input_fresh,"  # noqa: S608 - texts of ours
        f" cache_read, {TOKENS_WRITTEN}, output, tools_called, tools_failed, fault, ending,"
        f" miss, cost_nusd FROM book WHERE {_NAMED} AND {where} ORDER BY at_us, id"
    )


class Named(NamedTuple):
    session: str


def _beginning(tongue: Tongue, cut: Cut, where: str) -> str:
    del where  # which names the session as a whole
    return (
        f"SELECT DISTINCT session FROM book WHERE {_NAMED}"  # noqa: S608 - texts of ours
        f" AND {tongue.begins('session', cut.session)} ORDER BY session LIMIT {cut.limit:d}"
    )


TOP = Question("sessions", "The dearest sessions", Session, _top, _NEEDS)
FACTS = Question("session_facts", "What else is known of them", Facts, _facts, _NEEDS)
SPREAD = Question("session_spread", "How sessions' costs are spread", Spread, _spread, _NEEDS)
HISTOGRAM = Question(
    "session_histogram", "Sessions by what they cost", Class, _histogram, _NEEDS
)
TURNS = Question("session_calls", "One session, call by call", Turn, _turns, _NEEDS)
BEGINNING = Question("session_names", "Sessions that begin so", Named, _beginning, _NEEDS)


def cliffs(turns: Iterable[Turn]) -> set[str]:
    """The ids of calls where a cache held much less than one call before."""
    found = set()
    last: dict[tuple[str, str], Turn] = {}
    for it in turns:
        if it.fault or not it.context:
            continue
        before = last.get((it.agent, it.model))
        last[it.agent, it.model] = it
        if before is None:
            continue
        held = before.cache_read + before.written
        expected = min(held, it.context)
        if expected >= CLIFF_TOKENS and it.cache_read < CLIFF * expected:
            found.add(it.id)
    return found
