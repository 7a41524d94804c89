"""What one worker tells the others of its host, and what all of them count together.

Rule 1: a worker that takes the place of a dead one counts on from where that one was last seen,
so that no counter goes back; what the dead one counted after that was never shown to anybody.
Rule 2: what is true only for now, such as running calls, is believed for a few seconds.
Rule 3: a gateway that is alone is its only peer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from headgate.engine import Ground, Meters
from headgate.engine.meter import Told
from headgate.engine.recorder import Recorder
from headgate.gateway import pools
from headgate.gateway.board import Board
from headgate.gateway.execute.counts import Counts
from headgate.gateway.execute.execution import Execution

SHOW_S = 1.0
"""how often a worker shows its counters"""
BELIEVED_S = 5.0
TARGETS_SHOWN = 500
"""of each worker that is not asked itself"""


class Counted(Protocol):
    """What is counted in one process: a House."""

    ground: Ground
    refused: dict[str, int]
    execution: Execution | None


class Gauge(msgspec.Struct, frozen=True, array_like=True):
    name: str
    said: str
    value: float


class Shown(msgspec.Struct):
    """What one worker had counted at a moment."""

    worker: int
    pid: int
    at: float
    """monotonic seconds, which all processes of a host share"""
    meters: list[Told]
    refused: dict[str, int]
    gauges: list[Gauge]
    targets: list[dict[str, Any]]
    pools: pools.Counts = msgspec.field(default_factory=pools.Counts)
    executed: Counts = msgspec.field(default_factory=Counts)


class Sign(msgspec.Struct):
    """A sign of life: as much of Shown as a supervisor looks at."""

    pid: int
    at: float


def sign_of(board: Board, place: int) -> Sign | None:
    """When the worker in this place last showed anything."""
    raw = board.shown(place)
    return msgspec.json.decode(raw, type=Sign) if raw else None


class Peers:
    """This process among the workers of its host."""

    def __init__(
        self,
        board: Board | None = None,
        place: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self._board = board
        self._clock = clock
        self._decode = msgspec.json.Decoder(Shown).decode

    @property
    def alone(self) -> bool:
        return self._board is None

    def resume(self, house: Counted) -> None:
        """Count on from where the last worker in this place was seen."""
        before = self._read(self.place)
        if before is not None:
            house.ground.settlement.meters.add(before.meters)
            pools.add(house.ground.pool, before.pools)
            if house.execution is not None:
                house.execution.counts.add(before.executed)
            for kind, count in before.refused.items():
                house.refused[kind] = house.refused.get(kind, 0) + count

    def show(self, house: Counted) -> Shown:
        """Let the others see what was counted here."""
        mine = self._mine(house)
        if self._board is not None:
            least = msgspec.structs.replace(mine, targets=mine.targets[:TARGETS_SHOWN])
            for shown in (least, msgspec.structs.replace(least, targets=[])):
                if self._board.show(self.place, msgspec.json.encode(shown)):
                    break
        return mine

    def everybody(self, house: Counted) -> list[Shown]:
        """What every worker has shown, this one just now; gauges only of those alive."""
        mine, found = self.show(house), []
        for place in range(1, self._board.workers + 1 if self._board is not None else 2):
            shown = mine if place == self.place else self._read(place)
            if shown is not None:
                if shown.at < mine.at - BELIEVED_S:
                    shown.gauges, shown.targets = [], []
                found.append(shown)
        return found

    def _read(self, place: int) -> Shown | None:
        raw = self._board.shown(place) if self._board is not None else b""
        return self._decode(raw) if raw else None

    def _mine(self, house: Counted) -> Shown:
        ground = house.ground
        return Shown(
            self.place,
            os.getpid(),
            self._clock(),
            ground.settlement.meters.tell(),
            dict(house.refused),
            [
                Gauge("headgate_workers", "Worker processes that answer.", 1.0),
                Gauge("headgate_running_calls", "Calls in flight.", float(len(ground.running))),
                Gauge(
                    "headgate_upstream_sockets",
                    "Open sockets.",
                    float(ground.door.open_sockets()),
                ),
                Gauge(
                    "headgate_ledger_trouble",
                    "Workers that cannot write the ledger.",
                    float(bool(ground.writer.trouble)),
                ),
                *_of_recorder(ground.recorder),
                *_of_execution(house.execution),
            ],
            targets(house, self.place),
            pools.count(ground),
            house.execution.counts if house.execution is not None else Counts(),
        )


def _of_recorder(recorder: Recorder | None) -> list[Gauge]:
    if recorder is None or not (recorder.written or recorder.dropped):
        return []
    dropped = float(sum(recorder.dropped.values()))
    return [
        Gauge("headgate_recorded_calls", "Calls written down.", float(recorder.written)),
        Gauge(
            "headgate_recordings_dropped", "Calls that were to be, and could not be.", dropped
        ),
    ]


def _of_execution(execution: Execution | None) -> list[Gauge]:
    if execution is None:
        return []
    return [Gauge(name, said, value) for name, said, value in execution.gauges()]


def targets(house: Counted, worker: int) -> list[dict[str, Any]]:
    """Targets that failed lately and how accounts stand, as one worker sees them."""
    ground = house.ground
    now = ground.clock()
    return [
        {
            "target": f"{provider}:{model}",
            "cooling_s": round(max(0.0, state.cool_until - now), 3),
            "failures": state.streak,
            "why": state.why,
            "worker": worker,
        }
        for (provider, model), state in sorted(ground.health.items())
    ] + pools.shown(ground, worker)


def total(shown: list[Shown]) -> tuple[Meters, dict[str, int], list[tuple[str, str, float]]]:
    """(meters, refusals, gauges) of all of them together."""
    meters, refused = Meters(), dict[str, int]()
    gauges: dict[str, tuple[str, str, float]] = {}
    for each in shown:
        meters.add(each.meters)
        for kind, count in each.refused.items():
            refused[kind] = refused.get(kind, 0) + count
        for gauge in each.gauges:
            before = gauges.get(gauge.name, (gauge.name, gauge.said, 0.0))[2]
            gauges[gauge.name] = (gauge.name, gauge.said, before + gauge.value)
    return meters, refused, [*gauges.values()]
