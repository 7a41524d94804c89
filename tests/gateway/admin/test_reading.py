"""What is sent and what is shown: money to the last nano-dollar, moments to the microsecond."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.admin import reading, shape
from headgate.policy import cap
from headgate.store.traits import SAME, Changes, Mistake, Traits


@given(st.integers(1, 10**18))
def test_dollars_are_shown_exactly_and_read_back_as_they_were(nusd: int) -> None:
    text = reading.usd(nusd)
    assert Decimal(text) * 10**9 == nusd
    assert len(text.partition(".")[2]) >= 2
    given_back = shape.Caps(budgets=[shape.Budget(text, "day")])
    found = reading.changes(shape.Traits(caps=given_back)).caps
    assert isinstance(found, cap.Caps)
    assert found.budgets == (cap.Budget(nusd, "day"),)


@given(st.integers(0, 10**17))
def test_moments_survive_to_the_microsecond(us: int) -> None:
    moment = reading.moment(us)
    assert reading.at_us(moment) == us
    assert reading.moment(reading.at_us(moment)) == moment


BUDGETS = st.lists(
    st.builds(
        cap.Budget,
        st.integers(1, 10**15),
        st.sampled_from(cap.PERIODS),
        st.sampled_from(cap.KINDS),
    ),
    unique_by=lambda budget: budget.period,
).map(tuple)


@given(
    caps=st.builds(
        cap.Caps,
        st.builds(cap.Limits, *(st.integers(0, 1000) for _ in range(4)), st.just(0)),
        BUDGETS,
        st.booleans(),
        st.sampled_from([cap.WARN_AT, (0.5,), ()]),
    )
)
def test_caps_that_are_shown_can_be_sent_back_unchanged(caps: cap.Caps) -> None:
    data = msgspec.json.encode(reading.caps(caps))
    sent = msgspec.json.decode(data, type=shape.Caps)
    assert reading.changes(shape.Traits(caps=sent)).caps == caps


def test_what_is_left_out_stays_and_what_is_empty_is_taken_away() -> None:
    assert reading.changes(shape.Traits()) == SAME
    empty = shape.Traits("", [], [], [], {}, shape.Caps())
    assert reading.changes(empty) == Changes("", (), (), (), "{}", cap.NO_CAPS)


@pytest.mark.parametrize(
    ("caps", "says"),
    [
        (shape.Caps(budgets=[shape.Budget("0", "day")]), r"budgets\[0\].usd"),
        (shape.Caps(budgets=[shape.Budget("0.0000000001", "day")]), "nine decimals"),
        (shape.Caps(budgets=[shape.Budget("1", "day")] * 2), "two budgets a day"),
        (shape.Caps(warn_at=[1.5]), "no share"),
    ],
)
def test_caps_that_could_not_be_kept_are_refused(caps: shape.Caps, says: str) -> None:
    with pytest.raises(Mistake, match=says):
        reading.changes(shape.Traits(caps=caps))


def test_traits_are_shown_with_their_metadata_as_an_object() -> None:
    shown = reading.has(Traits("4711", ("a",), metadata='{"x": [1]}'))
    assert (shown["cost_centre"], shown["tags"], shown["metadata"]) == (
        "4711",
        ["a"],
        {"x": [1]},
    )
