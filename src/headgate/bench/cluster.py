"""Judges on a cluster: seats its nodes, deals answers out to them, and outlives their loss.

Rule 1: what a lost node was judging is judged on another: never a fault of the model.
Rule 2: a task is judged with one version of its toolchain, that of most cores; nodes that have
another one, or none, are named and not used for it.
Rule 3: no more is begun at once than the cluster has cores.
Rule 4: with no node left a run ends, and goes on later: what was heard is kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from headgate import __version__
from headgate.bench.grade import Grade, Graded
from headgate.bench.raylink import ClusterLost, Link, Node, NodeLost
from headgate.bench.seat import Lacking, Told
from headgate.bench.task import Task
from headgate.sandbox.model import TIERS, Refused, Runtime, Unavailable
from headgate.sandbox.settings import Settings

SEAT_S = 90.0
"""how long a node may take to give its cores and prove its sandbox"""
LOOK_S = 2.0
"""how often it is looked for nodes that came"""
WAIT_S = 30.0
"""how long a task waits for a node that can judge it, where all are lost"""
LOSSES = 3
"""an answer that lost so many nodes is given to no further one; nor is a node so often lost"""


class _Seated:
    """A node that judges."""

    def __init__(self, node: Node, actor: Any, told: Told) -> None:
        self.node, self.actor, self.told = node, actor, told
        self.free = node.cores


class Cluster:
    """The cores of a cluster; an async context."""

    def __init__(
        self,
        link: Link,
        tasks: Sequence[Task],
        settings: Settings,
        notice: Callable[[str], None] = lambda said: None,
    ) -> None:
        """`notice` is told of nodes that are not used, and of those that are lost."""
        self._link, self._settings, self._notice = link, settings, notice
        self._tasks = tuple(_bare(it) for it in tasks)
        self._index = {it.id: number for number, it in enumerate(tasks)}
        self._seats: dict[str, _Seated] = {}
        self._lost: Counter[str] = Counter()
        self._known: set[str] = set()
        self._whys: list[str] = []
        self._tiers: set[str] = set()
        self._versions: dict[str, str] = {}
        self._change = asyncio.Condition()
        self._gone: Unavailable | None = None
        self._tending: asyncio.Task[None] | None = None
        self._seating: set[asyncio.Task[None]] = set()

    @property
    def cores(self) -> int:
        return sum(it.node.cores for it in self._seats.values())

    @property
    def told(self) -> str:
        return f"{_many(self.cores, 'core')} on {_many(len(self._seats), 'node')}"

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(*await self._look())
            if not self._seats:
                raise _nobody(self._whys)
            self._agree()
        except BaseException as error:
            await self._close()
            if isinstance(error, ClusterLost):
                raise _gone(error) from error
            raise
        self._tending = asyncio.ensure_future(self._tend())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        ours = [it for it in (self._tending, *self._seating) if it is not None]
        for it in ours:
            it.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
        await asyncio.gather(*(self._link.end(it.actor) for it in self._seats.values()))
        await self._link.close()

    async def runtime(self, task: Task) -> Runtime:
        version = self._versions.get(task.id)
        if version is None:
            raise self._missing(task)
        return Runtime(task.language, version, "program")

    async def unfit(self, task: Task) -> Unavailable | Refused | None:
        return None if task.id in self._versions else self._missing(task)

    async def tier(self) -> str:
        return next(it for it in reversed(TIERS) if it in self._tiers)

    async def judge(self, task: Task, code: str) -> Graded:
        for _ in range(LOSSES):
            seat = await self._take(task)
            try:
                said = await self._link.ask(seat.actor.judge, _bare(task), code)
            except NodeLost as lost:
                self._lose(seat, str(lost))
                continue
            except ClusterLost as lost:
                self._gone = _gone(lost)
                raise self._gone from lost
            finally:
                seat.free += 1
                await self._changed()
            if isinstance(said, Lacking):
                raise said.error
            assert isinstance(said, Graded)
            return said
        why = f"{LOSSES} nodes were lost while they judged it"
        return Graded(grade=Grade.INFRASTRUCTURE, why=why)

    async def _take(self, task: Task) -> _Seated:
        """A free core of a node that can judge it."""
        async with self._change:
            while True:
                if self._gone is not None:
                    raise self._gone
                fit = [it for it in self._seats.values() if self._is_fit(it, task)]
                free = [it for it in fit if it.free > 0]
                if free:
                    seat = max(free, key=lambda it: it.free)
                    seat.free -= 1
                    return seat
                try:
                    await asyncio.wait_for(self._change.wait(), None if fit else WAIT_S)
                except TimeoutError:
                    raise _nobody(self._whys) from None

    async def _changed(self) -> None:
        async with self._change:
            self._change.notify_all()

    def _is_fit(self, seat: _Seated, task: Task) -> bool:
        return seat.told.runtimes[self._index[task.id]] == self._versions.get(task.id)

    def _lose(self, seat: _Seated, why: str) -> None:
        if self._seats.get(seat.node.id) is not seat:
            return
        del self._seats[seat.node.id]
        self._lost[seat.node.id] += 1
        if self._lost[seat.node.id] < LOSSES:
            self._known.discard(seat.node.id)
        left = f"its answers are judged on {self.told}"
        self._refuse(seat.node, f"was lost: {why}", left if self._seats else "no other is left")
        self._begin(self._link.end(seat.actor))

    def _refuse(self, node: Node, what: str, then: str = "") -> None:
        said = f"node {node.name} {what}"
        self._whys.append(said)
        self._notice(f"{said}; {then}" if then else said)

    async def _tend(self) -> None:
        """Seats nodes that join, and those that lost their seat and live."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except ClusterLost as lost:
                self._gone = _gone(lost)
                await self._changed()
                return

    async def _look(self) -> list[asyncio.Task[None]]:
        found = [it for it in await self._link.nodes() if it.id not in self._known]
        self._known.update(it.id for it in found)
        return [self._begin(self._seat(it)) for it in found]

    def _begin(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._seating.add(task)
        task.add_done_callback(self._seating.discard)
        return task

    async def _seat(self, node: Node) -> None:
        """Use a node, or say why not."""
        actor: Any = None
        try:
            actor = await self._link.begin(node, self._settings)
            asking = self._link.ask(actor.begin, self._tasks)
            told: Told = await asyncio.wait_for(asking, SEAT_S)
            why = _unusable(told)
        except TimeoutError:
            why = f"did not give {_many(node.cores, 'core')} within {SEAT_S:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, the others may be well
            why = f"cannot judge: {error}"
        except BaseException:
            if actor is not None:
                await self._link.end(actor)
            raise
        else:
            if not why:
                await self._use(_Seated(node, actor, told))
                return
        if actor is not None:
            await self._link.end(actor)
        if not self._lost[node.id]:  # of one that was lost, this was told
            self._refuse(node, f"is not used: it {why}")

    async def _use(self, seat: _Seated) -> None:
        self._seats[seat.node.id] = seat
        self._tiers.add(seat.told.tier)
        if self._versions:
            self._differing(seat)
        await self._changed()

    def _agree(self) -> None:
        """The version of each task: that of most cores."""
        for task in self._tasks:
            votes: Counter[str] = Counter()
            for seat in self._seats.values():
                version = seat.told.runtimes[self._index[task.id]]
                if isinstance(version, str):
                    votes[version] += seat.node.cores
            if votes:
                self._versions[task.id] = votes.most_common(1)[0][0]
        for seat in self._seats.values():
            self._differing(seat)

    def _differing(self, seat: _Seated) -> None:
        """Say, once for each language, for which tasks a node is of no use."""
        whys: dict[str, str] = {}
        for task in self._tasks:
            wanted = self._versions.get(task.id)
            found = seat.told.runtimes[self._index[task.id]]
            if wanted is not None and found != wanted:
                has = found.what if isinstance(found, Lacking) else f"it has {found}"
                whys.setdefault(task.language, f"{has}; judged with {wanted}")
        for language, why in whys.items():
            self._notice(f"node {seat.node.name} is not used for all of {language}: {why}")

    def _missing(self, task: Task) -> Unavailable | Refused:
        for seat in self._seats.values():
            said = seat.told.runtimes[self._index[task.id]]
            if isinstance(said, Lacking):
                return said.error
        return _nobody(self._whys)


def _bare(task: Task) -> Task:
    """Without what judging does not need: it travels with each answer."""
    return msgspec.structs.replace(task, mutants=(), prompt="")


def _unusable(told: Told) -> str:
    if told.headgate != __version__:
        return f"has Headgate {told.headgate}, and this is {__version__}"
    if told.lacking is not None:
        return f"contains no code: {told.lacking.what} ({told.lacking.remedy})"
    return ""


def _nobody(whys: Sequence[str]) -> Unavailable:
    said = "; ".join(dict.fromkeys(whys)) or "it has no node with a core to give"
    return Unavailable(
        f"no node of the cluster can judge: {said}",
        "mend it, or leave --on out; the same command goes on: what was heard is kept",
    )


def _gone(lost: ClusterLost) -> Unavailable:
    return Unavailable(
        f"the cluster does not answer any more: {lost}",
        "the same command goes on from there: what was heard is kept",
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
