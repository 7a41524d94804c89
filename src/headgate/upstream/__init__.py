"""The one door out: only this package speaks HTTP as a client.

A Door opens Exchanges: one object per try, the request on its way and then its answer.
"""

from headgate.upstream.door import Door
from headgate.upstream.exchange import Exchange
from headgate.upstream.request import Lines, Request, Url

__all__ = ["Door", "Exchange", "Lines", "Request", "Url"]
