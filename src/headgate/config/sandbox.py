"""[sandbox]: decides whether what it says of running code can hold together.

Rule 1: code runs without containment only where two settings say so, never over HTTP.
Rule 2: containers of a vendor are kept awake only where their price was agreed to.
Rule 3: limits that contradict each other are found before anything runs.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from headgate.config.model import Config
from headgate.config.problem import Report, join
from headgate.config.setting import SANDBOX
from headgate.config.table import Table
from headgate.sandbox.model import Refused
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
        ("snapshot_mb", "snapshots_per_tenant_mb"),
        ("snapshots_per_tenant_mb", "snapshots_mb"),
        ("references_per_owner_mb", "references_mb"),
    ):
        if one in table.content and getattr(found, one) > (getattr(found, all_of_them) or 4096):
            report.wrong(join(table.path, one), f"is more than {all_of_them}", "make it less")
    return found


def check_hosted(config: Config, report: Report) -> None:
    """Are the vendors there, and was the price of what is kept awake agreed to."""
    sandbox = config.sandbox
    if not sandbox.hosted and not sandbox.warm_on:
        return
    from headgate.sandbox.hosted.vendor import NANO, vendors
    from headgate.sandbox.hosted.warm import price, words

    able = {
        it.name: it
        for it in config.providers
        if it.kind in vendors() and (it.api_key or it.api_keys)
    }
    for name in sandbox.hosted:
        if name not in able:
            hint = (
                f"of these it can be one: {', '.join(able)}" if able else "define one that does"
            )
            told = f"no provider {name!r} with a key of the house runs code"
            report.wrong("sandbox.hosted", told, hint)
    if not sandbox.warm_on:
        return
    if sandbox.warm_on not in sandbox.hosted or sandbox.warm_on not in able:
        hint = f'write hosted = ["{sandbox.warm_on}"] beside it, of a provider that runs code'
        report.wrong("sandbox.warm_on", f"{sandbox.warm_on!r} is not among hosted", hint)
        return
    vendor = vendors()[able[sandbox.warm_on].kind]
    what = (vendor, sandbox.warm_memory_mb, sandbox.warm_count)
    try:
        cost, told = price(*what), words(*what)
    except Refused as refused:
        report.wrong("sandbox.warm_on", refused.what, refused.remedy)
        return
    if cost > Decimal(sandbox.warm_usd_day) * NANO:
        usd = Decimal(cost) / NANO
        hint = f'write warm_usd_day = "{usd:.2f}", or keep fewer or smaller ones'
        report.wrong(
            "sandbox.warm_usd_day", f"{told}, and {sandbox.warm_usd_day} is agreed", hint
        )
