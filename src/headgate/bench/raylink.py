"""The one door to Ray: an address becomes a link to nodes, on which seats are begun and asked.

Rule 1: Ray is imported when a cluster is named, and never tells its makers that it is used.
Rule 2: what does not answer is given up in a bounded time.
Rule 3: of all that can go wrong with a call three things matter: the node is lost, the cluster
is lost, or our own code failed there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from importlib import import_module
from typing import Any, NamedTuple

from headgate.bench.seat import Seat
from headgate.sandbox.model import Refused, Unavailable
from headgate.sandbox.settings import Settings

KNOCK_S, LINK_S, LOOK_S, END_S = 5.0, 60.0, 20.0, 10.0
"""for an answer at an address, for a link to a cluster, for its nodes' names, and for its end;
a minute after a cluster's head is gone Ray ends our process: by then we have ended the run"""
ADDRESS = re.compile(r"(?:ray://)?(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]+):(?P<port>\d{1,5})")
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "10",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""no telemetry, and no cluster started here in place of one that went away, which is told soon,
and ends soon what we left there"""


class NodeLost(Exception):
    """A seat does not answer any more; what it was asked can be asked of another."""


class ClusterLost(Exception):
    """Nothing of the cluster answers any more."""


class Node(NamedTuple):
    """A machine of the cluster."""

    id: str
    name: str
    cores: int


class Link:
    """A cluster that answers."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._affinity = import_module("ray.util.scheduling_strategies")

    async def nodes(self) -> list[Node]:
        """Those that are alive and have a core for us."""
        try:
            found = await _apart(self._ray.nodes, LOOK_S)
        except TimeoutError as error:
            raise ClusterLost(f"its head has been silent for {LOOK_S:.0f} s") from error
        except Exception as error:
            raise ClusterLost(_told(error)) from error
        return [_node(it) for it in found if it["Alive"] and _node(it).cores]

    async def begin(self, node: Node, settings: Settings) -> Any:
        """A seat on a node; all cores of it are its own."""
        return await asyncio.to_thread(self._begin, node, settings)

    def _begin(self, node: Node, settings: Settings) -> Any:
        where = self._affinity.NodeAffinitySchedulingStrategy(node.id, soft=False)
        seat = self._ray.remote(Seat).options(
            num_cpus=node.cores,
            max_concurrency=node.cores + 2,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=where,
        )
        return seat.remote(settings, node.cores)

    async def ask(self, method: Any, *words: Any) -> Any:
        """What a seat answers."""
        try:
            return await _answer(await asyncio.to_thread(method.remote, *words))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise self._sorted(error) from error

    def _sorted(self, error: Exception) -> Exception:
        said = self._ray.exceptions
        if isinstance(error, said.RayTaskError):
            return Unavailable(
                f"judging failed on a node: {_told(error)}",
                "try it here, without --on; what was heard is kept",
            )
        if isinstance(error, said.RayError):
            return NodeLost(f"it does not answer any more ({type(error).__name__})")
        return ClusterLost(_told(error))

    async def end(self, seat: Any) -> None:
        """End a seat and all that it started, whether it listens or not."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.ask(seat.close), END_S)
        with contextlib.suppress(Exception):
            await _apart(lambda: self._ray.kill(seat), END_S)

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await _apart(self._ray.shutdown, END_S)


async def link(address: str) -> Link:
    """A link to the cluster at an address; Refused or Unavailable where there is none."""
    where = _checked(address)
    if where != "auto":
        await _knock(where)
    os.environ.update(QUIET)
    warnings.filterwarnings("ignore", module=r"ray\b")
    try:
        ray = await asyncio.to_thread(import_module, "ray")
        await asyncio.to_thread(import_module, "ray.util.client")
    except ImportError as error:
        raise Unavailable(f"Ray is not here: {error}", "pip install 'headgate[ray]'") from error
    logging.getLogger("ray").setLevel(logging.CRITICAL)

    def join() -> None:
        ray.init(where, log_to_driver=False, logging_level=logging.CRITICAL)

    try:
        await _apart(join, LINK_S)
    except TimeoutError as error:
        raise Unavailable(
            f"{address} answers, but not as a Ray cluster within {LINK_S:.0f} s", REMEDY
        ) from error
    except Exception as error:
        raise Unavailable(f"no link to {address}: {_told(error)}", REMEDY) from error
    return Link(ray)


REMEDY = (
    "name what `ray start --head` printed: ray://HOST:10001 from anywhere, HOST:6379 on one of"
    " its machines; Python and Ray have to be the same on all of them"
)


def _checked(address: str) -> str:
    """As Ray takes it."""
    if address in ("ray", "auto"):
        return "auto"
    found = ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 1 << 16:
        raise Refused(f"{address} is no address of a Ray cluster", REMEDY)
    return address


async def _knock(address: str) -> None:
    found = ADDRESS.fullmatch(address)
    assert found is not None
    host, port = found["host"].strip("[]"), int(found["port"])
    try:
        opening = asyncio.open_connection(host, port)
        _, writer = await asyncio.wait_for(opening, KNOCK_S)
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"nothing answers at {host}:{port}", REMEDY) from error
    writer.close()


def _node(told: Mapping[str, Any]) -> Node:
    address, host = str(told["NodeManagerAddress"]), str(told.get("NodeManagerHostname", ""))
    cores = int(told.get("Resources", {}).get("CPU", 0))
    return Node(str(told["NodeID"]), f"{host} ({address})" if host else address, cores)


def _told(error: BaseException) -> str:
    """The last line of what Ray says: the others are traces."""
    lines = [it.strip() for it in str(error).splitlines() if it.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]


async def _answer(reference: Any) -> Any:
    """Of a future that must not be cancelled: Ray's thread would stumble over it."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[Any] = loop.create_future()
    reference.future().add_done_callback(_teller(loop, waiting))
    return await waiting


def _teller(
    loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[Any]
) -> Callable[[Any], None]:
    def settle(value: Any, error: BaseException | None) -> None:
        if waiting.done():
            return
        if error is None:
            waiting.set_result(value)
        else:
            waiting.set_exception(error)

    def tell(done: Any) -> None:
        error = done.exception()
        value = None if error is not None else done.result()
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, value, error)

    return tell


async def _apart(work: Callable[[], Any], most_s: float) -> Any:
    """Work that may never end, in a thread that nobody waits for."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[Any] = loop.create_future()
    tell = _teller(loop, waiting)

    def do() -> None:
        done: Future[Any] = Future()
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - handed over
            done.set_exception(error)
        tell(done)

    threading.Thread(target=do, daemon=True).start()
    return await asyncio.wait_for(waiting, most_s)
