"""Every body of the admin API refuses what it does not know, and says what it is."""

from __future__ import annotations

import msgspec
import pytest

from headgate.gateway.admin import shape
from headgate.policy.cap import Limits

GIVEN = [
    each
    for each in vars(shape).values()
    if isinstance(each, type) and issubclass(each, shape.Given) and each is not shape.Given
]
MADE: dict[type, str] = {
    shape.Budget: '"usd": "1", "period": "day",',
    shape.NewOrganisation: '"name": "x",',
    shape.NewTeam: '"name": "x",',
    shape.NewKey: '"name": "x",',
    shape.NewToken: '"name": "x", "role": "admin",',
}


@pytest.mark.parametrize("kind", GIVEN, ids=lambda kind: kind.__name__)
def test_a_field_that_is_not_known_is_refused(kind: type) -> None:
    fields = MADE.get(kind, "")
    msgspec.json.decode("{" + fields.rstrip(",") + "}", type=kind)
    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        msgspec.json.decode("{" + fields + '"colour": "red"}', type=kind)


def test_limits_are_those_that_there_are() -> None:
    assert shape.Limits.__struct_fields__ == Limits._fields


def test_a_moment_without_its_zone_is_refused() -> None:
    for text in ('"2026-01-01T00:00:00"', '"2026-01-01"', "5"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode('{"expires": ' + text + "}", type=shape.KeyChanges)
