"""The guide to three machines is tried out as it is written, on a real PostgreSQL and nginx."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section
from tests.servers import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

PORTS = ("4496", "4497", "4498")
WRITTEN_URL = "postgresql://headgate@127.0.0.1:5432/headgate"
BALANCER = """
daemon off;
pid nginx.pid;
error_log nginx.log;
events {{}}
http {{
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
{}
}}
"""


def balanced(folder: Path, text: str) -> subprocess.Popen[bytes]:
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    (part,) = guide.blocks(text, "nginx")
    (folder / "nginx.conf").write_text(BALANCER.format(part))
    return subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")])


def counts(said: str) -> list[Counter[int]]:
    """What `uniq -c` counted of statuses, table by table."""
    tables: list[Counter[int]] = []
    before = 999
    for number, status in re.findall(r"^ +(\d+) (\d\d\d)$", said, re.MULTILINE):
        if int(status) <= before:
            tables.append(Counter())
        tables[-1][int(status)] = int(number)
        before = int(status)
    return tables


def test_three_machines_are_one_gateway_and_any_may_die_as_the_guide_says(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.fresh()
    text = guide.read("run-on-three-machines.md", PORTS).replace(WRITTEN_URL, url)
    text = text.replace("pip install --quiet 'headgate[postgres]'\n", "")
    node, fleet = guide.blocks(text, "toml")
    (tmp_path / "node.toml").write_text(node)
    (tmp_path / "fleet.toml").write_text(fleet)
    balancer = balanced(tmp_path, text)
    since = time.monotonic()
    try:
        output = guide.run(text, tmp_path)
    finally:
        balancer.terminate()
        balancer.wait(10)
    took_s = time.monotonic() - since
    assert section(output, "Start").split()[-3:] == ["200"] * 3
    limited, spent = counts(section(output, "One limit, one budget"))
    assert set(limited) == {200, 429}
    assert 30 <= limited[200] <= 30 + took_s / 2
    assert sum(limited.values()) == 90
    # Nine fit. In one burst over six processes a few may be refused while another still holds
    # what it sets aside for the worst case: on a busy machine, six were let through.
    assert set(spent) == {200, 429}
    assert 5 <= spent[200] <= 9
    assert sum(spent.values()) == 30
    assert f"key 'carol': $0.05 a day: ${spent[200] * 0.005:.4f} spent" in output
    changed = section(output, "Change it everywhere")
    assert changed.count('"version":2') == 3
    assert changed.split()[-1] == "401"
    died = section(output, "A machine dies")
    assert died.count("200\n") == 2
    orphans = [json.loads(line) for line in died.splitlines() if line.startswith("{")]
    assert sum(line["calls"] for line in orphans) == 2
    assert section(output, "A machine hangs").split() == ["200", "200"]
    behind = section(output, "Behind a load balancer")
    assert behind.split()[-4:] == ["200"] * 4
    name = url.rpartition("/")[2]
    rows = "SELECT count(*), count(DISTINCT id) FROM headgate.call WHERE status = 200"
    answered = 3 + limited[200] + spent[200] + 2 + 2
    assert postgres.run(rows, name) == f"{answered}|{answered}", "nothing lost, nothing twice"
    open_ones = "SELECT count(*) FROM headgate.intent WHERE state = 'open'"
    assert postgres.run(open_ones, name) == "0"
