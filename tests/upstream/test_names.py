"""Names become addresses once, in a useful order, without stopping the loop."""

from __future__ import annotations

import asyncio
import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.upstream.names import Address, Names, alternate, ask_system, literal

SIX, FOUR = socket.AF_INET6, socket.AF_INET


@given(st.lists(st.tuples(st.sampled_from([SIX, FOUR]), st.tuples(st.integers()))))
def test_families_take_turns_and_nothing_is_lost(addresses: list[Address]) -> None:
    turns = alternate(addresses)
    assert sorted(turns) == sorted(addresses)
    for family in (SIX, FOUR):
        assert [a for a in turns if a[0] == family] == [a for a in addresses if a[0] == family]
    fewer = min(sum(a[0] == family for a in addresses) for family in (SIX, FOUR))
    opening = turns[: 2 * fewer]
    assert all(a[0] != b[0] for a, b in pairwise(opening))
    assert turns[:1] == addresses[:1]


def test_an_address_is_not_looked_up() -> None:
    assert literal("127.0.0.1", 80) == [(FOUR, ("127.0.0.1", 80))]
    assert literal("::1", 80) == [(SIX, ("::1", 80, 0, 0))]
    assert literal("localhost", 80) == []


async def test_the_system_knows_localhost() -> None:
    found = await ask_system("localhost", 8080)
    assert ("127.0.0.1", 8080) in [address[:2] for _, address in found]


async def test_a_name_the_system_does_not_know_is_an_error() -> None:
    with pytest.raises(OSError, match=r"(?i)name"):
        await ask_system("nowhere.invalid", 443)


async def test_those_who_ask_at_once_share_one_lookup() -> None:
    asked: list[str] = []
    answer = asyncio.Event()

    async def find(host: str, port: int) -> list[Address]:
        asked.append(host)
        await answer.wait()
        return [(FOUR, ("127.0.0.1", port))]

    names = Names(find)
    waiting = [asyncio.ensure_future(names.addresses("api.test", 443)) for _ in range(5)]
    await asyncio.sleep(0)
    answer.set()
    assert await asyncio.gather(*waiting) == [[(FOUR, ("127.0.0.1", 443))]] * 5
    assert asked == ["api.test"]
    await names.addresses("api.test", 443)
    assert len(asked) == 2  # nothing is remembered: the system's own cache is the cache


async def test_a_failed_lookup_is_tried_again_by_the_next_call() -> None:
    answers: list[list[Address]] = [[], [(FOUR, ("127.0.0.1", 1))]]

    async def find(host: str, port: int) -> list[Address]:
        found = answers.pop(0)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    names = Names(find)
    with pytest.raises(socket.gaierror):
        await names.addresses("api.test", 1)
    assert await names.addresses("api.test", 1) == [(FOUR, ("127.0.0.1", 1))]
