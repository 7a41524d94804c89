"""A benchmark of simulated models finds the truth that is known of them, whatever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.sim.coder import read
from tests.e2e import grounds
from tests.e2e.grounds import CONFIG, MODELS, SEED, Ground
from tests.e2e.street import started

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SHARED = """
[cache]
reply = "all"
"""
TASKS, SAMPLES = 6, 3
TIMES = {"latency_ms", "ttft_ms", "network_ms", "waited_ms", "judged_ms", "call"}
"""what of a sample differs between two runs of the same"""


def spent(ground: Ground, name: str) -> int:
    """What the ledger has of a run, in nano-dollars."""
    uri = f"file:{ground.env['HEADGATE_HOME']}/headgate.db?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
        rows = ledger.execute("SELECT tags, cost_nusd FROM call")
        return sum(cost for tags, cost in rows if f"bench={name}" in tags.split(","))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    ground = grounds.laid(tmp_path_factory.mktemp("bench"), TASKS, SAMPLES)
    (ground.folder / "tmp").mkdir()
    ground = replace(ground, env={**ground.env, "TMPDIR": str(ground.folder / "tmp")})
    rates = ("claude-*=0.8", "gpt-*=0.5,broken=0.3,prose=0.3")
    with grounds.answered(ground, rates, "head-delay=0.03", SHARED) as ground:
        yield ground


def timeless(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: it[name] for name in it.keys() - TIMES} for it in samples]


@pytest.fixture(scope="module")
def whole(ground: Ground) -> list[dict[str, Any]]:
    """What a run in peace hears."""
    done = ground.run("--out", "whole.json", "--json")
    assert done.returncode == 0, done.stderr
    samples = ground.samples("whole.json")
    told = json.loads(done.stdout)
    assert told["run"]["samples"] == samples
    return samples


def test_what_is_found_is_what_the_book_says(
    ground: Ground, whole: list[dict[str, Any]]
) -> None:
    assert len(whole) == len(MODELS) * TASKS * SAMPLES
    book = read(ground.folder / "book.json", SEED)
    for model in MODELS:
        rates = book.models[f"{model.partition('-')[0]}-*"]
        right = variance = 0.0
        for task in book.tasks:
            body = {"messages": [{"role": "user", "content": task.prompt}]}
            mine = [it for it in whole if (it["arm"], it["task"]) == (model, task.id)]
            for it in mine:
                said = book.says(model, body, it["sample"])
                assert it["correct"] == (f"\n{task.right.strip()}\n```" in said), it
                assert (it["verdict"] == "no code") == ("```" not in said)
            chance = book.chance(rates, task.id)
            right += chance * len(mine)
            variance += chance * (1 - chance) * len(mine)
        found = sum(it["correct"] for it in whole if it["arm"] == model)
        assert abs(found - right) <= 3 * variance**0.5


def test_killed_three_times_it_ends_with_the_records_of_a_run_in_peace(
    ground: Ground, whole: list[dict[str, Any]]
) -> None:
    lot = random.Random(9)  # noqa: S311 - no secret hangs on it
    for _ in range(3):
        at = ground.heard("killed.json") + lot.randrange(3, 9)
        process = ground.begin("--out", "killed.json", "--at-once", "4")
        ground.until("killed.json", at, process)
        process.kill()
        process.communicate()
        assert not (ground.folder / "killed.json").exists()
    done = ground.run("--out", "killed.json")
    assert done.returncode == 0, done.stderr
    assert "going on where it ended" in done.stderr
    assert timeless(ground.samples("killed.json")) == timeless(whole)
    assert ground.heard("killed.json") == 0


@pytest.fixture
def billing(ground: Ground) -> Iterator[Ground]:
    """The same, with a provider of its own whose whole bill is for one run."""
    folder = ground.folder / "billing"
    folder.mkdir()
    (folder / "tasks").symlink_to(ground.folder / "tasks")
    words = ["sim", "--port", "0", "--seed", str(SEED), "--answers", "../book.json"]
    slow = ["--script", "head-delay=0.03;pace=0.01"]
    with started([*words, *slow], dict(ground.env), folder) as sim:
        (folder / "headgate.toml").write_text(CONFIG.format(sim=sim["url"]) + SHARED)
        yield replace(ground, folder=folder, sim=sim["url"])


def bill_of(billing: Ground) -> float:
    """What the providers themselves say that they are owed, in nano-dollars."""
    since = int(billing.folder.stat().st_mtime) // 86_400 * 86_400 - 86_400
    owed = 0.0
    for path, key, nusd in (
        (f"/v1/organizations/cost_report?starting_at={since}", "sk-ant-admin", 1e7),
        (f"/v1/organization/costs?start_time={since}", "sk-admin", 1e9),
    ):
        headers = {"x-api-key": key, "authorization": f"Bearer {key}"}
        request = urllib.request.Request(billing.sim + path, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            for day in json.load(reply)["data"]:
                for it in day["results"]:
                    amount = it["amount"]
                    value = amount["value"] if isinstance(amount, dict) else amount
                    owed += float(value) * nusd
    return owed


def test_a_cap_holds_to_what_is_billed_also_where_a_process_was_killed(billing: Ground) -> None:
    cap = 0.031  # three tries of one call may cost 0.008, and one costs about 0.0003
    words = ("--out", "cap.json", "--name", "capped", "--max-tokens", "100")
    capped = (*words, "--max-cost", str(cap), "--samples", "40", "--at-once", "2")
    process = billing.begin(*capped)
    billing.until("cap.json", 10, process)
    process.kill()
    process.communicate()
    ended = lines(billing.folder / "cap.journal")
    begun = {it["begun"]: it["most_nusd"] for it in ended if "begun" in it}
    paid = {it["paid"]: it["cost_nusd"] for it in ended if "paid" in it}
    lost = sum(most for call, most in begun.items() if call not in paid)
    assert sum(paid.values()) <= spent(billing, "capped") <= sum(paid.values()) + lost
    done = billing.run(*capped)
    assert done.returncode == 3
    assert "--max-cost ended it" in done.stderr
    assert ("counts against --max-cost alone" in done.stderr) == (lost > 0)
    assert 0.003e9 < spent(billing, "capped") <= bill_of(billing) + 1 <= cap * 1e9 - lost / 2
    assert sum(it["cost_nusd"] for it in billing.samples("cap.json")) <= spent(
        billing, "capped"
    )


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(it) for it in journal.read_bytes().splitlines()[1:]]


def test_ctrl_c_leaves_no_mess_and_says_how_to_go_on(ground: Ground) -> None:
    process = ground.begin("--out", "left.json", "--no-cache")
    ground.until("left.json", 5, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert not list((ground.folder / "tmp").iterdir())
    assert not list(ground.folder.glob("*.part"))
    assert not left(ground.folder)
    assert ground.heard("left.json") >= 5


def left(folder: Path) -> list[str]:
    """Processes that a run began and that outlived it: they have its environment or folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (place / "cmdline").read_bytes().decode().split("\0")
            is_ours = str(folder).encode() in (place / "environ").read_bytes()
            if int(place.name) != os.getpid() and is_ours and "sim" not in words:
                found.append(" ".join(words))
    return found


@pytest.fixture
def keyed(ground: Ground) -> Ground:
    """The same with a ledger of its own, for a gateway with keys wants one of everybody."""
    return replace(ground, env={**ground.env, "HEADGATE_HOME": str(ground.folder / "keyed")})


def test_a_running_gateway_is_asked_with_a_key_and_priced_by_its_replies(
    keyed: Ground,
) -> None:
    """It keeps replies: none of them may answer a sample."""
    made = json.loads(keyed.headgate("keys", "create", "--name", "bench", "--json"))
    folder = keyed.folder / "up"
    folder.mkdir()
    up = ["up", "--config", str(keyed.folder / "headgate.toml"), "--port", "0"]
    words = ("--samples", "1", "--task", "t2", "--task", "t3")
    with started(up, dict(keyed.env), folder) as told:
        for out in ("one.json", "two.json"):
            named = ("--out", out, "--name", "away", "--url", told["url"])
            done = keyed.run(*words, *named, HEADGATE_KEY=made["secret"])
            assert done.returncode == 0, done.stderr
    for out in ("one.json", "two.json"):
        samples = keyed.samples(out)
        assert len(samples) == 4
        assert all(it["answered_from"] == "" and it["is_priced"] for it in samples)
        assert all(it["cost_nusd"] > 0 for it in samples)
    both = [*keyed.samples("one.json"), *keyed.samples("two.json")]
    assert sum(it["cost_nusd"] for it in both) == spent(keyed, "away")


def test_a_key_without_a_budget_ends_the_run_with_what_to_do(keyed: Ground) -> None:
    poor = ("keys", "create", "--name", "poor", "--budget", "0.000001/day", "--json")
    secret = json.loads(keyed.headgate(*poor))["secret"]
    done = keyed.run("--out", "poor.json", HEADGATE_KEY=secret)
    assert done.returncode == 1
    assert "daily budget of key 'poor'" in done.stderr
    assert "a larger budget" in done.stderr
    assert "what was heard is kept" in done.stderr
    assert not (keyed.folder / "poor.json").exists()
