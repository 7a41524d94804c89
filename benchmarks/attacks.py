"""Attacks every tier of the sandbox that this machine gives, and keeps what came of it.

Rule 1: as root each tier is attacked as root and as an ordinary user: a process of its own.
Rule 2: with --keep it is written to docs/reference/sandbox.json; `make docs` draws the page.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headgate.sandbox.attacks import campaign, siege
from headgate.sandbox.attacks.campaign import Ground
from headgate.sandbox.attacks.siege import Verdict
from headgate.sandbox.container import Engine
from headgate.sandbox.model import Tier, Unavailable
from headgate.sandbox.worker import landlock

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "reference" / "sandbox.json"
NOBODY = 65534
TIERS: tuple[str, ...] = ("plain", "landlock", "namespaces")
Json = dict[str, Any]


def main() -> None:
    """Attack; say what escaped."""
    wish = _parsed()
    if wish.only:
        column = attacked(wish.only, wish) | ({"where": wish.where} if wish.where else {})
        print(json.dumps(column))
        if wish.keep:
            keep([column])
        return
    columns = [column for tier in TIERS for column in _as_each_user(tier, wish)]
    if wish.rootfs:
        columns.append(attacked("container", wish))
    for column in columns:
        say(column)
    if wish.keep:
        keep(columns, at=datetime.now(UTC).date().isoformat(), machine=machine())
    if any(it["escaped"] and it["tier"] == "namespaces" for it in columns):
        raise SystemExit(1)


def keep(columns: list[Json], **about: Any) -> None:
    """Each in the place of an earlier run's of the same name; with `about`: of this machine,
    whose earlier ones all go."""
    run: Json = json.loads(RESULT.read_text())
    new = {_name(it): it for it in columns}
    old = [it for it in run["columns"] if "where" in it or not about]
    kept = [new.pop(_name(it), it) for it in old]
    run |= about | {"columns": sorted([*new.values(), *kept], key=lambda it: "where" in it)}
    RESULT.write_text(json.dumps(run, indent=1) + "\n")


def _name(column: Json) -> tuple[str, str, str]:
    return column["tier"], column["user"], column.get("where", "")


def attacked(tier: str, wish: argparse.Namespace) -> Json:
    """One column: a tier, as the user that we are."""
    user = "root" if os.geteuid() == 0 else "user"
    python = wish.python if tier == "landlock" and user == "root" else ""
    try:
        verdicts = asyncio.run(_attack(tier, python, wish))
    except Unavailable as error:
        return {"tier": tier, "user": user, "missing": str(error), "escaped": [], "held": {}}
    return {
        "tier": tier,
        "user": user,
        "missing": "",
        "escaped": [[it.family, it.name, _tame(it.evidence)] for it in verdicts if it.escaped],
        "held": _counted(verdicts),
    }


async def _attack(tier: str, python: str, wish: argparse.Namespace) -> tuple[Verdict, ...]:
    if tier == "plain":
        return await campaign.attack_plainly(Ground("none"))
    slack_s = wish.slack
    if tier == "container":
        engine = Engine(wish.engine, wish.runtime, root=wish.rootfs)
        return await campaign.attack_tier(Ground("container", "", engine, False, slack_s))
    known: Tier = "namespaces" if tier == "namespaces" else "landlock"
    return await campaign.attack_tier(Ground(known, python, None, not python, slack_s))


def _counted(verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """How many attacks of each family were held."""
    families = dict.fromkeys(it.family for it in verdicts)
    return {
        name: sum(it.family == name and not it.escaped for it in verdicts) for name in families
    }


def _as_each_user(tier: str, wish: argparse.Namespace) -> list[Json]:
    mine = attacked(tier, wish)
    if os.geteuid() or not wish.other:
        return [mine]
    command = [wish.other, "-m", "benchmarks.attacks", "--only", tier]
    done = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/src", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [mine, json.loads(done.stdout)]


def machine() -> Json:
    """Where it was."""
    return {
        "kernel": ".".join(platform.release().split(".")[:2]),
        "architecture": platform.machine(),
        "landlock": landlock.best(),
    }


def _tame(evidence: str) -> str:
    """Without paths and numbers that are of this run alone."""
    return evidence.split(":")[0][:60]


def say(column: Json) -> None:
    """What came of it, for whoever watches."""
    total = sum(column["held"].values()) + len(column["escaped"])
    where = f" ({column['where']})" if "where" in column else ""
    head = f"{column['tier']} as {column['user']}{where}"
    print(
        f"{head}: {column['missing'] or f'{total} attacks'}, {len(column['escaped'])} escaped"
    )
    if column["tier"] != "plain":
        for family, name, evidence in column["escaped"]:
            print(f"  {family}: {name}: {evidence}")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the table's data")
    parser.add_argument("--only", default="", help="one tier, told as JSON")
    parser.add_argument(
        "--slack", type=float, default=siege.SLACK_S, help="seconds that a run may be late"
    )
    parser.add_argument("--where", default="", help="names a column of its own, with --only")
    parser.add_argument(
        "--python", default="/usr/bin/python3", help="for the tier landlock as root"
    )
    parser.add_argument("--other", default="", help="a Python that an ordinary user may run")
    parser.add_argument("--engine", default="podman", help="of the tier container")
    parser.add_argument("--runtime", default="", help="of that engine, such as runc or runsc")
    parser.add_argument("--rootfs", default="", help="a folder that is the container's root")
    return parser.parse_args()


if __name__ == "__main__":
    main()
