"""The judge's side and the code's, joined by a socket in two threads of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headgate.sandbox.verdict.inside import errors, peer, watched


class Bad(ValueError):
    pass


class Folder:
    def watch(self, times: int) -> list[str]:
        return ["changed"] * times


class Always:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __sub__(self, other: object) -> float:
        return 0.0

    def __lt__(self, other: object) -> bool:
        return True

    def __contains__(self, other: object) -> bool:
        return True

    def startswith(self, other: str) -> bool:
        return True


class Point:
    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x

    __hash__ = object.__hash__


def raises() -> None:
    raise Bad("seven")


CODE: dict[str, Any] = {
    "Always": Always,
    "Folder": Folder,
    "Point": Point,
    "add": lambda a, b: a + b,
    "sort": list.sort,
    "twice": lambda f: f(f(1)),
    "raises": raises,
    "stop": lambda: next(iter([])),
    "numbers": lambda: iter([1, 2]),
    "Bad": Bad,
}

Fetch = Callable[[str], Any]


@pytest.fixture
def watch() -> watched.Watch:
    return watched.Watch()


@pytest.fixture
def fetch(watch: watched.Watch) -> Iterator[Fetch]:
    ours, theirs = socket.socketpair()
    code = peer.Peer(peer.Wire(theirs))
    code.awaits.lends = False
    code.perform = {"fetch": CODE.__getitem__}

    def serve() -> None:
        try:
            code.attend()
        except peer.Gone:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    side = peer.Peer(peer.Wire(ours), watched.Watched)
    side.watch = watch
    yield lambda name: side.ask("fetch", 0, (name,))
    ours.shutdown(socket.SHUT_RDWR)
    thread.join()
    ours.close()
    theirs.close()


def test_a_function_is_called_by_value(fetch: Fetch) -> None:
    assert fetch("add")([1], [2]) == [1, 2]


def test_what_it_does_to_its_argument_is_seen(fetch: Fetch) -> None:
    rows = [3, 1]
    fetch("sort")(rows)
    assert rows == [1, 3]


def test_an_object_may_call_its_method_as_the_judge_calls_one_of_its_own(fetch: Fetch) -> None:
    assert fetch("Folder")().watch(2) == ["changed", "changed"]


def test_it_may_call_what_it_is_given(fetch: Fetch) -> None:
    assert fetch("twice")(lambda n: n + 3) == 7


def test_an_exception_can_be_expected_by_its_class(fetch: Fetch) -> None:
    with pytest.raises(fetch("Bad"), match="seven"):
        fetch("raises")()
    with pytest.raises(ValueError, match="seven"):
        fetch("raises")()


def test_the_end_of_a_loop_is_raised_only_where_a_loop_asked(fetch: Fetch) -> None:
    with pytest.raises(RuntimeError):
        fetch("stop")()
    assert list(fetch("numbers")()) == [1, 2]


def test_an_object_that_equals_everything_equals_no_plain_value(fetch: Fetch) -> None:
    it = fetch("Always")()
    assert (it == 5) is False
    assert (it != 5) is True


def test_objects_that_equal_everything_do_not_equal_each_other(
    fetch: Fetch, watch: watched.Watch
) -> None:
    kind = fetch("Always")
    assert kind() != kind()
    assert watch.suspicion


def test_honest_objects_equal_each_other(fetch: Fetch, watch: watched.Watch) -> None:
    kind = fetch("Point")
    assert kind(1) == kind(1)
    assert kind(1) != kind(2)
    assert kind(1).x == 1
    assert watch.suspicion == []


@pytest.mark.parametrize(
    "look",
    [lambda it: it - 5.0, lambda it: it < 5, lambda it: 5 in it],
    ids=["difference", "order", "membership"],
)
def test_an_operator_of_the_code_never_decides_about_a_plain_value(
    fetch: Fetch, watch: watched.Watch, look: Callable[[Any], Any]
) -> None:
    it = fetch("Always")()
    watch.made.clear()
    with pytest.raises(watched.Unjudged):
        look(it)
    assert watch.suspicion


def test_a_method_that_a_plain_value_would_have_is_not_asked(
    fetch: Fetch, watch: watched.Watch
) -> None:
    it = fetch("Always")()
    watch.made.clear()
    with pytest.raises(watched.Unjudged):
        it.startswith("x")


def test_steering_exceptions_are_tamed() -> None:
    assert isinstance(errors.tame(StopIteration(), "call"), RuntimeError)
    assert isinstance(errors.tame(StopIteration(), "next"), StopIteration)
    assert isinstance(errors.tame(KeyboardInterrupt(), "call"), RuntimeError)


def test_a_frame_that_is_larger_than_any_honest_one_ends_the_judging() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\xff" * 8)
        with pytest.raises(peer.Gone):
            peer.Wire(ours).receive()
