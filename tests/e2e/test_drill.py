"""Short drills of the real thing: kills, nodes and outages, on every store there is."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks import drill
from tests.e2e.street import HEADGATE, HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import Got, message, request
from tests.servers import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.mark.parametrize("store", ["sqlite", "postgres", "redis"])
def test_no_kill_lets_spend_pass_its_cap_and_none_leaves_a_block_behind(store: str) -> None:
    words = ["kills", "--store", store, "--minutes", "0.3", "--usd", "0.2", "--workers", "3"]
    assert drill.main(words) == 0


@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_three_nodes_admit_what_one_limit_allows_and_nearly_all_of_it(store: str) -> None:
    words = ["nodes", "--store", store, "--seconds", "8", "--limit", "1200"]
    assert drill.main(words) == 0


CONFIG = """
[server]
port = 0
[store]
url = "env:STORE_URL"
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
[limits]
max_wait_s = 0.5
when_unreachable = "{mode}"
open_allowance_usd = "0.0003"
[budgets.each_key]
day = 5
"""


def run_headgate(words: list[str], env: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [str(HEADGATE), *words],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def ask(port: int, key: str, count: int) -> list[Got]:
    replies = []
    for _ in range(count):
        got = await request(port, "POST", "/v1/messages", message(), {"x-api-key": key})
        replies.append(got)
        await asyncio.sleep(0.02)
    return replies


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_without_its_store_a_gateway_stops_or_spends_a_little_and_loses_no_row(
    mode: str, postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.fresh()
    env = outside_env() | HOUSE_KEYS | {"STORE_URL": url, "HOME": str(tmp_path)}
    with started(["sim", "--port", "0"], env, tmp_path) as sim:
        toml = CONFIG.replace("{sim}", sim["url"]).replace("{mode}", mode)
        (tmp_path / "headgate.toml").write_text(toml)
        run_headgate(["db", "upgrade"], env, tmp_path)
        made = run_headgate(["keys", "create", "--name", "a", "--json"], env, tmp_path)
        key = json.loads(made)["secret"]
        log = tmp_path / "up.log"
        up = launch(["up", "--config", "headgate.toml"], env, log)
        try:
            port = int(first_object(up, log)["url"].rpartition(":")[2])
            answered = _through_an_outage(port, key, postgres, mode)
        finally:
            up.terminate()
            up.communicate(timeout=20)
    counted = postgres.run(
        "SELECT count(*) FROM call WHERE status = 200", url.rpartition("/")[2]
    )
    assert int(counted) == answered


def _through_an_outage(port: int, key: str, postgres: Postgres, mode: str) -> int:
    """Calls before, in and after it; how many were answered."""
    before = asyncio.run(ask(port, key, 5))
    assert [got.status for got in before] == [200] * 5
    postgres.kill()
    time.sleep(6)  # what was granted is good for four seconds
    during = asyncio.run(ask(port, key, 20))
    refused = [got for got in during if got.status != 200]
    assert refused
    assert {got.status for got in refused} <= {503, 429}
    assert any("limits and budgets cannot be held now" in got.body.decode() for got in refused)
    through = len(during) - len(refused)
    assert (through == 0) if mode == "closed" else (0 < through < 20)
    postgres.start()
    until = time.monotonic() + 10
    while asyncio.run(ask(port, key, 1))[0].status != 200:
        assert time.monotonic() < until, "calls do not go on once the store is back"
        time.sleep(0.1)
    return 5 + through + 1
