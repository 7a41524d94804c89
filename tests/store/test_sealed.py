"""A box opens for whoever asked the same, under its own name, and for nobody else."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from headgate.store.sealed import KEY_BYTES, OVERHEAD_BYTES, seal, unseal

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


@given(KEYS, st.binary(max_size=500), st.binary(max_size=40))
def test_what_was_sealed_is_had_back(key: bytes, plain: bytes, name: bytes) -> None:
    box = seal(key, plain, name)
    assert len(box) == len(plain) + OVERHEAD_BYTES
    assert unseal(key, box, name) == plain


@given(KEYS, KEYS, st.binary(), st.binary(), st.binary())
def test_another_key_or_name_opens_nothing(
    key: bytes, other: bytes, plain: bytes, name: bytes, elsewhere: bytes
) -> None:
    box = seal(key, plain, name)
    if other != key:
        assert unseal(other, box, name) is None
    if elsewhere != name:
        assert unseal(key, box, elsewhere) is None


@given(KEYS, st.binary(max_size=80), st.data())
def test_a_box_that_was_changed_or_cut_does_not_open(
    key: bytes, plain: bytes, data: st.DataObject
) -> None:
    box = seal(key, plain, b"n")
    at = data.draw(st.integers(0, len(box) - 1))
    bit = data.draw(st.integers(0, 7))
    assert unseal(key, box[:at] + bytes([box[at] ^ 1 << bit]) + box[at + 1 :], b"n") is None
    assert unseal(key, box[:at], b"n") is None
    assert unseal(key, box + b"\0", b"n") is None


@given(KEYS, st.binary(max_size=100))
def test_noise_is_no_box(key: bytes, noise: bytes) -> None:
    assert unseal(key, noise, b"n") is None


def test_no_two_boxes_are_alike() -> None:
    key = bytes(KEY_BYTES)
    assert len({seal(key, b"the same", b"n") for _ in range(50)}) == 50


def test_the_text_is_not_in_the_box() -> None:
    assert b"secret words" not in seal(bytes(KEY_BYTES), b"the secret words" * 9, b"n")


def test_the_cipher_is_not_loaded_until_something_is_sealed() -> None:
    program = (
        "import sys, headgate.store.replies.open, headgate.store.sealed as it;"
        "print('cryptography' in sys.modules);"
        "it.seal(bytes(32), b'', b'');"
        "print('cryptography' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout.split() == [b"False", b"True"]
