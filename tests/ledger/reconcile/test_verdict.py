"""A bill is called reconciled when the provider said so, and not otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headgate.ledger.reconcile.reported import Reported, drifts, keep, note_drift
from headgate.ledger.reconcile.sides import DAY_US, SIMULATED
from headgate.ledger.reconcile.verdict import Verdict, verdict
from headgate.ledger.reconcile.verdict import drifts as as_drifts
from headgate.store.sql import Connection
from tests.audit.ledgers import book_of

DAY = 20_740
AT = DAY * DAY_US + 3_600_000_000
LATER = (DAY + 9) * DAY_US
ROW: dict[str, Any] = {
    "at_us": AT,
    "provider": "anthropic",
    "model_sent": "claude-opus-5-5",
    "input_fresh": 1_000_000,
    "output": 0,
}
NUSD = 4_000_000_000
USED = Reported("anthropic", "", DAY, "claude-opus-5-5", "", "", 1, 1_000_000, 0, 0, 0, 0)
PAID = Reported("anthropic", "", DAY, "claude-opus-5-5", "", "input", cost_nusd=NUSD)


def judged(connection: Connection, rows: Sequence[dict[str, Any]]) -> Verdict:
    with book_of([{**ROW, **row} for row in rows]) as book:
        return verdict(connection, book, DAY * DAY_US, (DAY + 3) * DAY_US)


def test_without_a_report_nothing_is_reconciled_and_the_command_is_named(
    connection: Connection,
) -> None:
    found = judged(connection, [{}])
    assert (found.state, found.delta_share) == ("no report", None)
    assert "`headgate reconcile`" in found.heading


def test_sums_that_agree_are_reconciled(connection: Connection) -> None:
    keep(connection, [USED, PAID], LATER)
    found = judged(connection, [{}])
    assert (found.state, found.delta_share, found.days) == ("reconciled", 0.0, ("2026-10-14",))
    assert found.heading == "RECONCILED: 0.00% apart over the day 2026-10-14"


def test_more_than_a_hundredth_apart_is_unreconciled(connection: Connection) -> None:
    keep(connection, [USED, PAID._replace(cost_nusd=NUSD + NUSD // 50)], LATER)
    found = judged(connection, [{}])
    assert found.state == "unreconciled"
    assert found.heading.startswith("UNRECONCILED: 1.96% apart")
    assert "other prices" in found.why[0]


def test_differences_of_two_models_do_not_make_each_other_good(
    connection: Connection,
) -> None:
    other = {"model_sent": "claude-opus-5", "input_fresh": 800_000}
    swapped = [
        PAID._replace(cost_nusd=NUSD - NUSD // 10),
        PAID._replace(model="claude-opus-5", cost_nusd=NUSD + NUSD // 10),
    ]
    keep(connection, swapped, LATER)
    assert judged(connection, [{}, other]).state == "unreconciled"


def test_a_day_that_was_not_over_is_shown_and_not_judged(connection: Connection) -> None:
    keep(connection, [USED._replace(input_fresh=1), PAID._replace(cost_nusd=1)], AT)
    found = judged(connection, [{}])
    assert (found.state, found.days, found.partial) == ("partly", (), ("2026-10-14",))
    assert len(found.lines) == 1
    assert as_drifts(found, LATER) == []
    assert found.heading == ("RECONCILED IN PART: no reported day with calls on it is over yet")


def test_spend_nobody_reported_on_is_said_and_not_taken_for_agreement(
    connection: Connection,
) -> None:
    keep(connection, [USED, PAID], LATER)
    found = judged(connection, [{}, {"provider": "groq", "model_sent": "llama-4"}])
    assert found.state == "partly"
    assert "nobody reported on" in found.why[0]


def test_a_day_reported_as_unused_is_not_taken_for_unreported(connection: Connection) -> None:
    keep(connection, [], LATER, days=[("anthropic", DAY, False)])
    found = judged(connection, [{}])
    assert (found.state, found.delta_share) == ("unreconciled", 1.0)


def test_a_report_of_the_simulator_is_called_simulated(connection: Connection) -> None:
    keep(connection, [USED], LATER, SIMULATED)
    found = judged(connection, [{"simulated": 1}])
    assert found.state == "reconciled"
    assert any("simulated" in it for it in found.why)


def test_what_was_found_is_kept_as_drift(connection: Connection) -> None:
    keep(connection, [USED, PAID._replace(cost_nusd=NUSD * 2)], LATER)
    found = judged(connection, [{}])
    note_drift(connection, as_drifts(found, LATER))
    (kept,) = drifts(connection, DAY)
    assert (kept.ours_nusd, kept.theirs_nusd) == (NUSD, 2 * NUSD)
    assert "charged at" in kept.why


def test_a_day_that_the_window_cuts_is_left_out_on_both_sides(connection: Connection) -> None:
    keep(connection, [USED, PAID], LATER)
    rows = [ROW, {**ROW, "at_us": AT - 60_000_000}]
    later = [USED._replace(day=DAY + 1), PAID._replace(day=DAY + 1)]
    keep(connection, later, LATER)
    with book_of([*rows, {**ROW, "at_us": AT + DAY_US}]) as book:
        found = verdict(connection, book, AT, (DAY + 3) * DAY_US)
        cut = verdict(connection, book, AT, AT + 7_200_000_000)
    assert (found.state, found.days) == ("reconciled", ("2026-10-15",))
    assert (cut.state, cut.lines) == ("no report", ())
