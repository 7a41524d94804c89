"""Of R's serialized values those pass that hold data alone, and whole."""

from __future__ import annotations

import struct

import pytest

from headgate.sandbox.verdict.inside import sieve


def whole(body: bytes) -> bytes:
    return sieve.HEAD + struct.pack(">ii", 0x40202, 0x20300) + body


def integers(*values: int, attributes: bytes = b"") -> bytes:
    flags = sieve.INTEGER | (512 if attributes else 0)
    return struct.pack(f">ii{len(values)}i", flags, len(values), *values) + attributes


def chars(text: str) -> bytes:
    return struct.pack(">ii", 0x40009, len(text)) + text.encode()


def attribute(name: str, value: bytes) -> bytes:
    return struct.pack(">ii", 1026, 1) + chars(name) + value + struct.pack(">i", 254)


def strings(*texts: str) -> bytes:
    return struct.pack(">ii", sieve.STRINGS, len(texts)) + b"".join(chars(it) for it in texts)


def test_data_passes() -> None:
    sieve.sift(whole(integers(1, 2, attributes=attribute("names", strings("a", "b")))))
    sieve.sift(whole(struct.pack(">ii", sieve.LIST, 2) + integers(1) + strings("x")))
    sieve.sift(whole(struct.pack(">i", sieve.NIL)))


@pytest.mark.parametrize("kind", [3, 4, 5, 6, 21, 22, 25, 238, 253])
def test_what_is_more_than_data_does_not(kind: int) -> None:
    with pytest.raises(sieve.Foul, match="no data"):
        sieve.sift(whole(struct.pack(">i", kind) + bytes(64)))


@pytest.mark.parametrize(
    "attributes",
    [
        attribute("dim", integers(100, 100)),
        attribute("dim", integers(-1, -2)),
        attribute("names", strings("a")),
        attribute("levels", strings("a")),
        attribute("class", integers(1)),
    ],
)
def test_attributes_that_reach_beyond_the_value_do_not_pass(attributes: bytes) -> None:
    with pytest.raises(sieve.Foul, match="do not fit"):
        sieve.sift(whole(integers(1, 2, attributes=attributes)))


@pytest.mark.parametrize("cut", [0, 4, 13, 17, 21, 25])
def test_a_value_that_is_cut_or_followed_by_more_does_not_pass(cut: int) -> None:
    data = whole(integers(1, 2))
    with pytest.raises(sieve.Foul):
        sieve.sift(data[:cut])
    with pytest.raises(sieve.Foul, match="more than one"):
        sieve.sift(data + b"x")


def test_sizes_that_were_not_sent_and_depth_without_end_do_not_pass() -> None:
    with pytest.raises(sieve.Foul):
        sieve.sift(whole(struct.pack(">ii", sieve.REAL, 1 << 30)))
    with pytest.raises(sieve.Foul, match="too deeply"):
        sieve.sift(whole(struct.pack(">ii", sieve.LIST, 1) * 1000))
