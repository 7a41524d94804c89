"""Requests come apart into stretches whose costs add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.replay import Access
from headgate.policy.segments import Asked, Segment, segments


def asked(at: float, *chain: tuple[int, float]) -> Asked:
    return Asked(Access(at, at), chain)


def test_requests_that_part_share_what_came_before() -> None:
    found = segments([asked(1, (1, 1_000), (2, 1_500)), asked(2, (1, 1_000), (3, 1_700))])
    assert sorted((it.size, len(it.accesses)) for it in found) == [
        (500, 1),
        (700, 1),
        (1_000, 2),
    ]


def test_what_all_requests_send_on_is_one_stretch() -> None:
    same = [asked(at, (1, 100), (2, 300), (3, 900)) for at in (1, 2, 3)]
    assert segments(same) == [Segment(900, [it.access for it in same])]


def test_a_conversation_that_grows_has_a_stretch_for_every_turn() -> None:
    turns = [asked(n, *((k, 100.0 * k) for k in range(1, n + 1))) for n in (1, 2, 3)]
    found = sorted(segments(turns), key=lambda it: -len(it.accesses))
    assert [(it.size, len(it.accesses)) for it in found] == [(100, 3), (100, 2), (100, 1)]


def test_what_is_too_short_belongs_to_each_that_follows_it() -> None:
    parted = [asked(1, (1, 300), (2, 1_100)), asked(2, (1, 300), (3, 1_200))]
    assert sorted(it.size for it in segments(parted, 1_024)) == [1_100, 1_200]
    assert segments(parted, 2_000) == []


CHAINS = st.lists(st.lists(st.integers(0, 2), max_size=5), max_size=12)


@given(CHAINS)
def test_every_request_is_the_sum_of_its_stretches(paths: list[list[int]]) -> None:
    """And of each stretch all times are times of its requests."""
    requests = []
    for at, path in enumerate(paths):
        signs = [hash(tuple(path[: n + 1])) for n in range(len(path))]
        requests.append(asked(at, *((sign, 10.0 * (n + 1)) for n, sign in enumerate(signs))))
    found = segments(requests)
    for request in requests:
        held = sum(it.size for it in found if request.access in it.accesses)
        assert held == 10 * len(request.chain)
