"""Where an answer's words come from, in a form that every dialect can read.

Rule 1: a page of the web is a `url_citation` whoever cites it: `url`, `title`, and where in the
text its words begin and end, in characters (`start_index`, `end_index`); without these it is
all of the text.
Rule 2: any other citation stays in the words of the dialect that made it, and no other dialect
can say it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headgate.wire.meaning import Object

PAGE = "url_citation"
LOST = "citations_lost"
"""the ledger's warning of one that could not be said"""


def page(members: Object) -> Object | None:
    """The citation of a page; None when the members do not say which page."""
    url, title = members.get("url"), members.get("title")
    if not isinstance(url, str) or not url:
        return None
    return {**members, "type": PAGE, "title": title if isinstance(title, str) else ""}


def known(citations: Iterable[Any]) -> list[Object]:
    """Those of which something can be made: a page's must say which page."""
    given = [one for one in citations if isinstance(one, dict)]
    pages = [page(one) if one.get("type") == PAGE else one for one in given]
    return [one for one in pages if one is not None]


def _span(members: Object) -> tuple[int, int] | None:
    start, end = members.get("start_index"), members.get("end_index")
    if type(start) is int and type(end) is int and 0 <= start <= end:
        return start, end
    return None


def placed(citation: Object, length: int, before: int = 0) -> Object:
    """A page's citation with its place in a text that begins after so many characters."""
    start, end = _span(citation) or (0, length)
    return {
        "type": PAGE,
        "url": citation["url"],
        "title": citation["title"],
        "start_index": before + min(start, length),
        "end_index": before + min(end, length),
    }


def within(citation: Object, start: int, length: int | None = None) -> Object | None:
    """The citation for what stands from `start` on; None: its words are elsewhere."""
    found = _span(citation)
    if found is None:
        return citation
    first, last = found[0] - start, found[1] - start
    if last < 0 or first < last == 0 or (length is not None and first >= length):
        return None
    last = last if length is None else min(last, length)
    return {**citation, "start_index": max(first, 0), "end_index": last}
