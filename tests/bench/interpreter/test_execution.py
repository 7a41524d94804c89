"""An execution that nobody judged is neither right nor wrong."""

from __future__ import annotations

import msgspec

from headgate.bench.interpreter.execution import SIMULATED, Execution
from headgate.sandbox.hosted import parcel
from headgate.sandbox.model import Job
from headgate.sim.interpreter import carry


def test_what_a_simulated_vendor_calls_its_version_is_how_it_is_known() -> None:
    sent = parcel.pack(Job("python", "print(1)"))
    logs, files = carry(sent.data)
    outcome = parcel.read(files[sent.outcome], parcel.printed(sent, logs))
    assert outcome is not None
    assert outcome.version == SIMULATED


def test_an_execution_is_kept_as_data() -> None:
    one = Execution(place="local", workload="a/b", how="cold", latency_ms=3.5)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Execution) == one
    assert not one.is_right
