"""No value, however absurd, keeps a call out of the ledger."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from headgate.ledger.insert import Batch, write
from headgate.ledger.mend import ENTRY, mend_entry, mend_intent, sound
from headgate.ledger.record import Entry
from headgate.store.sql import Connection
from tests.ledger.any_rows import absurd_entries, entries
from tests.ledger.rows import INTENT, entry
from tests.stores import empty, sign_in


@pytest.mark.slow
@settings(max_examples=25)
@given(row=entries())
def test_a_sound_row_is_the_same_object(row: Entry) -> None:
    assert mend_entry(row) is row


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=absurd_entries())
def test_an_absurd_row_can_be_stored_once_mended(connection: Connection, row: Entry) -> None:
    empty(connection)
    sign_in(connection, 1)
    write(connection, 1, Batch(1, [mend_entry(row)], [], []))
    assert connection.execute("SELECT count(*) FROM call").fetchone() == (1,)


@pytest.mark.slow
@settings(max_examples=25)
@given(row=absurd_entries())
def test_values_that_were_sound_are_kept_as_they_were(row: Entry) -> None:
    better = mend_entry(row)
    for (name, column), value in zip(ENTRY.items(), row, strict=True):
        if sound(value, column) and name != "warnings":
            assert getattr(better, name) == value


def test_a_mended_row_names_the_columns_in_its_warnings() -> None:
    better = mend_entry(entry(status=None, agent="a\ud800", warnings="stop ignored"))
    assert (better.status, better.agent) == (0, "a\\ud800")
    assert better.warnings == "stop ignored; ledger could not store as given: agent, status"


def test_a_number_beyond_the_databases_becomes_its_largest() -> None:
    assert mend_entry(entry(cost_nusd=10**30)).cost_nusd == 2**63 - 1


def test_an_intent_is_mended_like_an_entry() -> None:
    assert mend_intent(INTENT) is INTENT
    better = mend_intent(INTENT._replace(id="\udfff", max_output=2**70))
    assert (better.id, better.max_output) == ("\\udfff", 2**63 - 1)


def test_a_zero_character_which_a_server_refuses_is_spelled_out() -> None:
    assert mend_entry(entry(agent="a\0b")).agent == "a\\x00b"
