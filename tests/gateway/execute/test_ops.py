"""An id says which worker made it, and one that is none is answered as what is not there."""

from __future__ import annotations

import msgspec
import pytest

from headgate.gateway.execute import ops
from headgate.sandbox.model import File, Job, Limits
from headgate.wire.model import Fault, Kind

ASKS = [
    ops.Run("k_1", Job("python", "1", files=(File("a", b"\x00\xff"),))),
    ops.Open("k_1", "key:k_1", "python", Limits(), "label", b"tar"),
    ops.Close("k_1", "sess_1_abcdefgh"),
    ops.Look("k_1"),
    ops.Put("k_1", "s", File("a", b"\xff")),
    ops.Take("k_1", "s", "a"),
    ops.Fetch("k_1", "art_1_abcdefgh"),
]


@pytest.mark.parametrize("ask", ASKS)
def test_every_question_survives_the_way_to_another_worker(ask: ops.Ask) -> None:
    data = msgspec.msgpack.encode(ask)
    decoder: msgspec.msgpack.Decoder[ops.Ask] = msgspec.msgpack.Decoder(ops.Ask)
    assert decoder.decode(data) == ask


def test_the_worker_stands_in_the_id() -> None:
    assert ops.place_of("sess_7_abcdefgh", ops.SESSION) == 7
    assert ops.place_of("art_12_abcdefgh", ops.ARTEFACT) == 12


@pytest.mark.parametrize(
    "id", ["", "x", "sess_0_abcdefgh", "sess_1_a/b/c/d/e", "art_1_abcdefgh"]
)
def test_what_is_no_id_is_not_there(id: str) -> None:
    with pytest.raises(Fault, match="no session") as fault:
        ops.place_of(id, ops.SESSION)
    assert fault.value.kind is Kind.NOT_FOUND
