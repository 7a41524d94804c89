"""The way in to running code: our own paths, and those of clients made for other sandboxes.

Rule 1: a path that others use too is theirs unless the request says whom it is meant for.
Rule 2: every fault is told in the shape of the API that was asked.
"""

from __future__ import annotations

from headgate.config import Config
from headgate.gateway.body import ClientGone
from headgate.gateway.execute import e2b, e2bvoice, fusion, pages, trouble
from headgate.gateway.execute.execution import Execution
from headgate.gateway.execute.trouble import Trouble
from headgate.gateway.execute.visit import let_in
from headgate.gateway.line import Scope, call_id
from headgate.gateway.sink import HttpSink
from headgate.sandbox.model import Refused, Unavailable
from headgate.store.keys import Keys
from headgate.wire.model import Fault, Kind


def serves(scope: Scope) -> bool:
    """Is this a request to run code, or for what belongs to that."""
    path = scope["path"]
    return pages.serves(path) or path == fusion.RUN or e2b.serves(path, scope["headers"])


class Entrance:
    """Answers requests to run code, for one gateway."""

    def __init__(self, keys: Keys, secret: bytes) -> None:
        """`secret`: what tokens for sandboxes are made with; every worker has the same."""
        self._keys = keys
        self._guard = e2b.Guard(keys, secret)
        self._made: tuple[Execution, pages.Pages, fusion.Fusion, e2b.E2b] | None = None

    async def __call__(
        self, scope: Scope, sink: HttpSink, config: Config, execution: Execution | None
    ) -> Fault | None:
        """Answer; the fault, where that was the answer."""
        id = call_id(scope["headers"])
        try:
            await self._answer(scope, sink, config, execution)
        except ClientGone:
            return None
        except (Refused, Unavailable) as error:
            return await self._tell(scope, sink, trouble.of(error), id)
        except Fault as fault:
            return await self._tell(scope, sink, fault, id)
        return None

    async def _answer(
        self, scope: Scope, sink: HttpSink, config: Config, execution: Execution | None
    ) -> None:
        path, id = scope["path"], call_id(scope["headers"])
        is_e2b = e2b.serves(path, scope["headers"])
        if is_e2b and config.sandbox.enabled:
            visit = e2b.let_in(self._guard, config, scope, sink, id)
        else:
            visit = let_in(self._keys, config, scope, sink, id)
        if execution is None:
            raise Trouble(
                Kind.BUSY,
                "code was turned on while this Headgate ran",
                code="restart_needed",
                remedy="restart it: a sandbox is opened at the start",
            )
        _, ours, fusions, e2bs = self._of(execution)
        if is_e2b:
            await e2bs(visit, scope)
        elif path == fusion.RUN:
            await fusions(visit, scope["method"])
        else:
            await ours(visit, scope["method"], path)

    def _of(
        self, execution: Execution
    ) -> tuple[Execution, pages.Pages, fusion.Fusion, e2b.E2b]:
        if self._made is None or self._made[0] is not execution:
            self._made = (
                execution,
                pages.Pages(execution),
                fusion.Fusion(execution),
                e2b.E2b(execution, self._guard),
            )
        return self._made

    async def _tell(self, scope: Scope, sink: HttpSink, fault: Fault, id: str) -> Fault:
        if e2b.serves(scope["path"], scope["headers"]):
            status, body = e2bvoice.refusal(fault)
            await sink.whole(status, trouble.headers(fault, id), body)
        else:
            await trouble.tell(sink, fault, id)
        return fault
