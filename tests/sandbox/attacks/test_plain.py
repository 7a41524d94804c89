"""A careless harness: it runs what it is given, and takes what is left, links and all."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox.attacks import plain
from headgate.sandbox.model import File, Order, Runtime, Status, Step


@pytest.mark.slow
async def test_it_hands_out_what_a_link_leads_to(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("t0ken")
    code = (
        f"import os; os.mkdir('output'); os.symlink({str(secret)!r}, 'output/x'); print('ran')"
    )
    order = Order(
        Runtime("python", "3", "python"),
        (Step("run", python="a.py"),),
        (File("a.py", code.encode()),),
    )
    result = await plain.carry(order, "")
    assert (result.status, result.stdout) == (Status.OK, "ran\n")
    assert result.artefacts[0].data == b"t0ken"
