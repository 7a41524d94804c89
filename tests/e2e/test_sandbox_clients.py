"""Clients made for other sandboxes, E2B's and SandboxFusion's, with the real one behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.sandbox.model import Job, Unavailable
from headgate.sandbox.sandbox import run_once
from tests.e2e.crew import Host, host
from tests.e2e.street import run_client, sdk_python

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SCRIPTS = Path(__file__).parent / "clients"
E2B, FUSION = "e2b-code-interpreter-2.11.5", "sandbox-fusion-0.3.7"
ON = '[sandbox]\nenabled = true\nspares = 1\npackages = []\nsecond_usd = "0.01"\n'
Report = dict[str, Any]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    try:
        run_once(Job("python", "print(1)"))
    except Unavailable as error:
        pytest.skip(f"no sandbox on this machine: {error.what}; {error.remedy}")
    with host(tmp_path_factory.mktemp("host"), 2, more=ON) as found:
        yield found


def report(script: str, sdk: str, home: Path, *words: str) -> Report:
    ran = run_client([sdk_python(sdk), str(SCRIPTS / script), *words], {}, home)
    assert ran.code == 0, ran.err[-3000:]
    found: Report = ran.json
    return found


@pytest.fixture(scope="module")
def fusion(here: Host, tmp_path_factory: pytest.TempPathFactory) -> Report:
    url = f"http://127.0.0.1:{here.port}"
    return report("fusion_sdk.py", FUSION, tmp_path_factory.mktemp("home"), url)


@pytest.fixture(scope="module")
def e2b(here: Host, fusion: Report, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """With a key: from here on there is one, and SandboxFusion's client knows none."""
    key = here.run("keys", "create", "--name", "sdk").strip().split()[0]
    url = f"http://127.0.0.1:{here.port}"
    return report("e2b_sdk.py", E2B, tmp_path_factory.mktemp("home"), url, key)


def test_sandboxfusions_client_runs_code_with_its_files_and_input(fusion: Report) -> None:
    assert fusion["version"] == FUSION.rpartition("-")[2]
    whole = fusion["whole"]
    assert (whole["status"], whole["run"][:3]) == ("Success", ["Finished", 0, "laid typed\n"])
    assert whole["files"] == {"out.txt": "made"}
    assert fusion["bash"]["run"][2] == "so\n"


def test_sandboxfusions_client_is_told_what_failed_and_does_not_ask_again(
    fusion: Report,
) -> None:
    assert (fusion["failed"]["status"], fusion["failed"]["run"][1]) == ("Failed", 3)
    assert (fusion["late"]["status"], fusion["late"]["run"][0]) == (
        "Failed",
        "TimeLimitExceeded",
    )
    assert "'cpp' is not run here" in fusion["unknown"]


def test_e2bs_sdk_remembers_from_cell_to_cell(e2b: Report) -> None:
    assert e2b["version"] == E2B.rpartition("-")[2]
    assert e2b["first"]["stdout"] == "so\n"
    assert "".join(e2b["said"]).strip() == "so"
    assert (e2b["second"]["text"], e2b["again"]["text"]) == ("21", "20")
    assert (e2b["apart"]["text"], e2b["contexts"]) == ("False", 3)
    assert e2b["js"]["stdout"] == "42\n"


def test_e2bs_sdk_sees_errors_and_pictures(e2b: Report) -> None:
    assert e2b["wrong"]["error"] == ["ZeroDivisionError", "division by zero"]
    assert any("png" in formats for formats in e2b["plot"]["results"])


def test_e2bs_sdk_moves_files_and_ends_its_sandbox(e2b: Report) -> None:
    assert (e2b["laid"]["text"], e2b["made"]) == ("'laid'", "made")
    assert e2b["listed"] == [e2b["id"]]
    assert e2b["running"] == [True, False]
    assert e2b["gone"]["class"] != ""
    assert e2b["no_key"]["class"] == "AuthenticationException"


def test_every_run_of_theirs_has_its_row(here: Host, fusion: Report, e2b: Report) -> None:
    rows = here.rows("SELECT key_id, cost_nusd FROM call WHERE surface = 'execute'")
    assert len([key for key, _ in rows if not key]) == 4
    assert len([key for key, _ in rows if key]) == 9
    assert all(cost > 0 for _, cost in rows)
