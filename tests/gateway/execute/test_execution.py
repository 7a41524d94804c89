"""One worker's part in running code: what it asks of itself, and what of others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headgate.config import Config
from headgate.gateway.execute import ops
from headgate.gateway.execute.execution import GAUGES, Execution, box_of
from headgate.sandbox.model import Job
from headgate.sandbox.settings import Settings
from headgate.wire.model import Fault, Kind
from tests.gateway.execute.pretender import pretending


@pytest.mark.slow
async def test_what_is_of_another_worker_is_asked_there_and_of_none_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch) as (field, _):
        ground = field.opened.house.ground
        box = field.opened.house.execution
        assert box is not None
        lonely = Execution(ground, Config(), box.box, place=1, workers=2)
        with pytest.raises(Fault, match="worker 2") as fault:
            await lonely.do(ops.Look("", "sess_2_abcdefgh"))
        assert fault.value.kind is Kind.BUSY
        for ask in (ops.Look("", "sess_9_abcdefgh"), ops.Fetch("", "art_9_abcdefgh")):
            with pytest.raises(Fault) as gone:
                await lonely.do(ask)
            assert gone.value.kind is Kind.NOT_FOUND
        ran = await lonely.do(ops.Run("", Job("python", "say 1")))
        assert ran.result is not None
        assert await lonely.rooms("") == []


@pytest.mark.slow
async def test_how_it_stands_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pretending(monkeypatch) as (field, _):
        execution = field.opened.house.execution
        assert execution is not None
        await field.post("/v1/sessions", {})
        found = {name: value for name, _, value in execution.gauges()}
        assert found["headgate_execute_sessions"] == 1
        assert found["headgate_execute_spares"] == 3
        assert found["headgate_execute_awake"] == 0
        assert len(found) == len(GAUGES) + 2


def test_where_it_is_off_there_is_no_sandbox() -> None:
    assert box_of(Settings(), None) is None  # type: ignore[arg-type] # nothing is logged


@pytest.mark.slow
def test_a_gateway_that_runs_no_code_does_not_load_the_languages() -> None:
    """Each of them would be paid for at every start."""
    say = "import sys, headgate.gateway.start; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", say], capture_output=True, text=True, check=True
    )
    loaded = {name for name in done.stdout.split() if name.startswith("headgate.sandbox.")}
    assert "headgate.sandbox.model" in loaded
    assert not [name for name in loaded if "languages" in name or "catalogue" in name]
    assert "headgate.sandbox.sandbox" not in loaded
