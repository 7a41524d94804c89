"""Tools: how many are offered and called, by whom, and which ones by name.

Rule 1: a call that offers tools and calls none has carried them for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.columns import TOOLS
from headgate.ledger.book.question import ASKED, Cut, Question
from headgate.ledger.book.questions.spend import GROUPS
from headgate.ledger.book.tongue import Tongue

_NEEDS = frozenset((TOOLS,))


class Using(NamedTuple):
    name: str
    calls: int
    offering: int
    """calls that say that they offered any"""
    offered: int
    """tools, in all of them together"""
    idle: int
    """calls that offered some, and called none"""
    calling: int
    """calls that called any"""
    called: int
    """tool calls"""
    failed: int
    """of them, as far as the source tells"""
    cost_nusd: int


def _using(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    column = GROUPS[cut.by or "model"]
    return (
        f"SELECT {column} AS name, count(*), count(*) FILTER (WHERE tools_offered > 0),"  # noqa: S608 - texts of ours
        " sum(tools_offered),"
        " count(*) FILTER (WHERE tools_offered > 0 AND tools_called = 0),"
        " count(*) FILTER (WHERE tools_called > 0), sum(tools_called), sum(tools_failed),"
        f" sum(cost_nusd) AS cost FROM book WHERE {ASKED} AND {where}"
        f" GROUP BY 1 ORDER BY cost DESC, 1 LIMIT {cut.limit:d}"
    )


class Tool(NamedTuple):
    name: str
    uses: int
    calls: int
    """that used it"""
    failing: int
    """of them those after which a tool, this or another one, had failed"""


def _names(tongue: Tongue, cut: Cut, where: str) -> str:
    sums = (
        "SELECT tools_used, count(*) AS n, count(*) FILTER (WHERE tools_failed > 0) AS bad"  # noqa: S608 - texts of ours
        f" FROM book WHERE tools_used <> '' AND {ASKED} AND {where} GROUP BY tools_used"
    )
    each = f"SELECT {tongue.words('tools_used', ' ')} AS used, n, bad FROM ({sums})"  # noqa: S608 - the same
    times = f"CAST({tongue.word('used', ':', 2)} AS BIGINT)"
    return (
        f"SELECT {tongue.word('used', ':', 1)} AS name, sum(n * {times}) AS uses, sum(n),"  # noqa: S608 - the same
        f" sum(bad) FROM ({each}) WHERE used <> '' GROUP BY 1"
        f" ORDER BY uses DESC, name LIMIT {cut.limit:d}"
    )


USING = Question("tools", "Tools offered and called", Using, _using, _NEEDS)
NAMES = Question("tool_names", "Tools by name", Tool, _names, _NEEDS)
