"""What the vendors' own clients do when their calls are to run once, counted at the vendor.

Both SDKs send the Idempotency-Key that they are given with every try of their own. Claude Code
and Codex send none: what a session of theirs asks again within `[cache] resend_s` is the same
call. Neither can name a lost call to have it run anew: within that time Codex gives up after
its five tries, and Claude Code at once, unless what it sends next is another request.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import (
    Arrival,
    Ran,
    Street,
    claude_code,
    codex,
    once,
    open_street,
    run_client,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCRIPT = Path(__file__).parent / "clients" / "keyed_sdk.py"
RESENDS = "\n[cache]\nresend_s = 60\n"
LOST = ["lost", "gave_up", "cut", "broken"]
CUT, ERROR, SLOW = "cut=3;events=12", "error-after=3;events=12", "head-delay=2.5"
Report = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def resending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with open_street(tmp_path_factory.mktemp("resending"), RESENDS) as street:
        yield street


@pytest.fixture(scope="module", params=["messages", "chat", "responses"])
def sdk(
    request: pytest.FixtureRequest, resending: Street, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, int]:
    """What an SDK understood, and how many calls arrived meanwhile."""
    vendor = request.param
    url = resending.url if vendor == "messages" else f"{resending.url}/v1"
    before = resending.seen()
    command = [sys.executable, str(SCRIPT), vendor, url, resending.key]
    ran = run_client(command, {}, tmp_path_factory.mktemp("home"))
    assert ran.code == 0, ran.err[-3000:]
    return ran.json, len(resending.arrived(before))


def test_an_sdk_sends_no_call_twice_that_may_have_run(sdk: tuple[Report, int]) -> None:
    """Four that were lost, one try each; two that were late, one each; and the one without a
    key, of which the SDK's three tries all arrived."""
    assert sdk[1] == len(LOST) + 2 + 3


@pytest.mark.parametrize("case", LOST)
def test_an_sdk_is_told_that_the_outcome_is_not_known(
    sdk: tuple[Report, int], case: str
) -> None:
    first, second = sdk[0][case]
    assert second["class"] == "ConflictError"
    assert second["status"] == 409
    assert "x-headgate-rerun: hg_" in second["words"]
    if case in ("lost", "gave_up"):
        assert first["class"] == "InternalServerError"


@pytest.mark.parametrize("case", ["late", "late_stream"])
def test_an_sdk_that_ran_out_of_patience_gets_the_answer_of_its_first_try(
    sdk: tuple[Report, int], case: str
) -> None:
    """Its second try attaches to the first, which goes on; the next call is a replay."""
    first, second = sdk[0][case]
    assert first["said"] == second["said"] != ""


def test_without_a_key_an_sdk_is_never_answered_and_pays_for_every_try(
    sdk: tuple[Report, int],
) -> None:
    assert sdk[0]["without"][0]["class"] == "APITimeoutError"


def hurt(street: Street, words: str) -> int:
    """The next call goes this way; how many there were before."""
    street.direct(once(words))
    return street.seen()


def faults(street: Street, mark: int, at_least: int) -> list[str]:
    return [row["fault"] for row in street.rows_after(mark, at_least)]


@pytest.mark.clients
class TestClaudeCode:
    def run(self, street: Street, home: Path, **env: str) -> Ran:
        return claude_code(street, home, "hi", CLAUDE_CODE_MAX_RETRIES="3", **env)

    def test_a_stream_that_is_cut_is_asked_for_again_whole_which_is_another_call(
        self, resending: Street, fresh_home: Path
    ) -> None:
        """What it sends then has other bounds, so both arrive, as they do without a key."""
        before, mark = hurt(resending, CUT), resending.mark()
        ran = self.run(resending, fresh_home)
        assert ran.json["is_error"] is False, ran.out
        arrived = resending.arrived(before)
        assert [each.json.get("stream", False) for each in arrived] == [True, False]
        assert len(bodies(arrived)) == 2
        assert faults(resending, mark, 2) == ["truncated", ""]

    def test_a_call_that_failed_before_it_was_heard_stops_it_at_once(
        self, resending: Street, fresh_home: Path
    ) -> None:
        before, mark = hurt(resending, ERROR), resending.mark()
        ran = self.run(resending, fresh_home)
        assert ran.json["is_error"] is True
        assert "x-headgate-rerun" in ran.json["result"]
        assert len(resending.arrived(before)) == 1
        assert faults(resending, mark, 1) == ["upstream"]

    def test_what_it_sends_again_after_its_own_timeout_joins_the_first(
        self, resending: Street, fresh_home: Path
    ) -> None:
        before, mark = hurt(resending, SLOW), resending.mark()
        ran = self.run(resending, fresh_home, API_TIMEOUT_MS="1500")
        assert ran.json["is_error"] is False, ran.out
        assert len(resending.arrived(before)) == 1
        rows = resending.rows_after(mark, 2)
        assert {row["answered_from"] for row in rows} >= {"", "join"}
        assert len([row for row in rows if row["cost_nusd"]]) == 1


@pytest.mark.clients
class TestCodex:
    def run(self, street: Street, home: Path) -> Ran:
        provider = f'{{name="Headgate",base_url="{street.url}/v1",env_key="HEADGATE_KEY"'
        settings = f'model_providers.headgate={provider},wire_api="responses"}}'
        words = ("-c", "model_provider=headgate", "-c", settings)
        return codex(street, home, *words, "-m", "gpt-5.6-terra", "say hi")

    @pytest.mark.parametrize("words", [CUT, ERROR])
    def test_a_broken_stream_is_sent_to_the_vendor_once_whatever_it_tries(
        self, resending: Street, fresh_home: Path, words: str
    ) -> None:
        """It repeats a 409 too, five times in seven seconds, and then says why it stops."""
        before, mark = hurt(resending, words), resending.mark()
        ran = self.run(resending, fresh_home)
        assert ran.code != 0
        assert "409 Conflict: what became of call" in ran.out
        assert len(resending.arrived(before)) == 1
        first, *others = faults(resending, mark, 6)
        assert first in ("truncated", "upstream")
        assert set(others) == {"outcome_unknown"}

    def test_a_slow_answer_is_waited_for(self, resending: Street, fresh_home: Path) -> None:
        before = hurt(resending, SLOW)
        ran = self.run(resending, fresh_home)
        assert ran.code == 0, ran.out
        assert len(resending.arrived(before)) == 1


def bodies(arrived: list[Arrival]) -> set[bytes]:
    return {each.body for each in arrived}
