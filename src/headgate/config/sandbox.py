"""[sandbox]: decides whether what it says of running code can hold together.

Rule 1: code runs without containment only where two settings say so, never over HTTP.
Rule 2: limits that contradict each other are found before anything runs.
"""

from __future__ import annotations

import msgspec

from headgate.config.problem import join
from headgate.config.setting import SANDBOX
from headgate.config.table import Table
from headgate.sandbox.settings import Settings

NONE = "none"


def read_sandbox(table: Table) -> Settings:
    """The section; what is wrong with it is reported."""
    found = msgspec.convert(table.read(SANDBOX), Settings)
    report = table.report
    bare = found.tier == NONE or found.minimum == NONE
    if bare and not found.uncontained:
        name = "tier" if found.tier == NONE else "minimum"
        report.wrong(
            join(table.path, name),
            '"none" contains nothing: code would run as whoever runs Headgate',
            "leave it out, or say uncontained = true beside it",
        )
    elif bare and found.enabled:
        report.wrong(
            join(table.path, "enabled"),
            "the gateway runs no callers' code without containment",
            'leave tier and minimum out, or minimum = "landlock"',
        )
    if found.vendor_tools == "local" and not found.enabled:
        report.wrong(
            join(table.path, "vendor_tools"),
            '"local" runs code here, and this gateway runs none',
            "add enabled = true",
        )
    for one, all_of_them in (
        ("concurrent_per_tenant", "concurrent"),
        ("sessions_per_tenant", "sessions"),
        ("waiting_per_tenant", "waiting"),
        ("snapshot_mb", "snapshots_mb"),
    ):
        if one in table.content and getattr(found, one) > (getattr(found, all_of_them) or 4096):
            report.wrong(join(table.path, one), f"is more than {all_of_them}", "make it less")
    return found
