"""The table of faults: whole, and exactly what was decided."""

from __future__ import annotations

import pytest

from headgate.wire.model import FAULTS, Fault, Kind, Usage

GOLDEN = """
invalid           client    400  - - - -
not_found         client    404  - - - -
no_such_path      client    404  - - - -
auth              client    401  - - - -
forbidden         client    403  - - - -
rate_limited      client    429  - - - client
budget            client    429  - - - -
loop              client    429  - - - -
too_large         client    413  - - - -
outcome_unknown   us        409  - - - -
too_long          client    400  - - - -
unsupported       client    501  - - - -
untranslatable    us        400  - next - -
upstream_invalid  client    400  - - - -
upstream_auth     us        502  - next cools -
upstream_limited  provider  429  same next cools client
overloaded        provider  529  same next cools client
upstream          provider  502  same next cools client
connection        network   502  same next cools client
timeout           provider  504  - next cools client
truncated         provider  502  - next cools client
idle              provider  504  - next cools client
client_gone       client      0  - - - -
busy              us        503  - - - client
internal          us        500  - - - -
"""


def line(kind: Kind) -> str:
    it = FAULTS[kind]
    marks = (
        "same" if it.same_target else "-",
        "next" if it.next_target else "-",
        "cools" if it.cools else "-",
        "client" if it.client_may_retry else "-",
    )
    return f"{kind:<17} {it.whose:<8} {it.status:>4}  {' '.join(marks)}"


def test_the_table_is_what_was_decided_and_covers_every_kind() -> None:
    assert [line(kind) for kind in Kind] == GOLDEN.strip().splitlines()
    assert list(FAULTS) == list(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_fault_of_the_clients_is_final_and_never_cools(kind: Kind) -> None:
    it = FAULTS[kind]
    if it.whose == "client":
        assert not it.next_target
    assert it.next_target or not it.same_target
    # what one target's dialect cannot say of one call tells nothing of the target's health
    assert it.cools == (it.next_target and kind is not Kind.UNTRANSLATABLE)


def test_a_fault_knows_what_follows_from_it() -> None:
    fault = Fault(Kind.OVERLOADED, "too much", retry_after=2.0)
    assert fault.consequence is FAULTS[Kind.OVERLOADED]
    assert repr(fault) == "Fault(overloaded, 'too much')"
    assert str(fault) == "too much"


def test_total_input_is_the_sum_of_its_classes_and_never_holds_reasoning() -> None:
    usage = Usage(1, 2, 4, 8, 16, 32, output=64, reasoning_of_output=63, web_searches=9)
    assert usage.input_total == 63
