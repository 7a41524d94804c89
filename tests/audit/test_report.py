"""A report without a provider's own says that nobody reconciled it."""

from headgate.audit.report import NOT_ASKED


def test_a_report_is_not_reconciled_unless_somebody_did() -> None:
    assert NOT_ASKED.heading.startswith("NOT RECONCILED")
    assert "headgate reconcile" in NOT_ASKED.heading
